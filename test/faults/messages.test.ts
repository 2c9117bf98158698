import { createServer as createHttpServer } from 'node:http';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { run } from '../../src/cli/index.ts';
import { ATTEMPTS, backOff } from '../../src/messages/worker.ts';
import { enqueue, listOutbox, type Message } from '../../src/store/outbox.ts';
import { install, type Install } from '../support/install.ts';
import { openMailbox } from '../support/mailbox.ts';
import { until } from '../support/weather.ts';

type Way = 'refuses' | 'hangs' | 'works' | 'garbage' | 'fails';
/** Addresses that stay the same while what is behind them changes. */
let [smtp, gateway]: [Way, Way] = ['works', 'works'];
const sockets = new Set<Socket>();
const sms: string[] = [];
let at: Install;
let mailbox: Awaited<ReturnType<typeof openMailbox>>;
let servers: Server[] = [];
let smtpFront: Server;

beforeAll(async () => {
  mailbox = await openMailbox();
  smtpFront = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    if (smtp === 'refuses') return socket.destroy();
    if (smtp === 'garbage') return socket.end('HTTP/1.1 200 OK\r\n\r\nhello\r\n');
    if (smtp === 'hangs') return undefined;
    const behind = new URL(mailbox.url);
    const server = new (socket.constructor as typeof Socket)().connect(Number(behind.port), behind.hostname);
    server.on('error', () => socket.destroy());
    return socket.pipe(server).pipe(socket);
  });
  const gatewayFront = createHttpServer((req, res) => {
    if (gateway === 'hangs') return;
    if (gateway === 'garbage') return void req.socket.end('?\r\n?');
    if (gateway === 'refuses') return void req.socket.destroy();
    if (gateway === 'works') sms.push(String(req.headers['idempotency-key']));
    res.writeHead(gateway === 'works' ? 200 : 500).end('<html>');
  });
  servers = [smtpFront, gatewayFront];
  const ports = await Promise.all(servers.map((server) => new Promise<number>((resolve) => { server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)); })));
  at = await install({ change: ({ system, realms }) => {
    // mails of other realms would wait for the same server
    realms.splice(0, realms.length, ...realms.filter(({ id }) => id === 'cak'));
    system.mail = { smtp_url: `smtp://127.0.0.1:${ports[0]}`, from: 'Sluis <noreply@sluis.example>' };
    system.gateway = { url: `http://127.0.0.1:${ports[1]}/`, token: 'secret' };
  } });
  // what the demo world has to tell its people is not for these tests
  await db().updateTable('outbox').set({ state: 'sent' }).execute();
}, 60_000);
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  await at?.stop();
  await mailbox?.close();
  for (const server of servers) server.close();
}, 30_000);

const db = () => at.host('cak').database.db;
const send = (channel: 'mail' | 'sms'): Promise<string> => enqueue(db(), { channel, recipient: channel === 'mail' ? 'anh@example.nl' : '+31612345678', subject: 'Uw code', text: 'T', now: at.now() });
const messageOf = async (id: string): Promise<Message | undefined> => (await listOutbox(db())).find((message) => message.id === id);
const stateOf = async (id: string): Promise<string | undefined> => (await messageOf(id))?.state;
async function sluis(...argv: string[]): Promise<{ code: number; text: string }> {
  const folder = dirname(at.running.hosts[0]?.system.data ?? '');
  let text = '';
  const write = (part: string): void => { text += part; };
  const env = { SLUIS_DATA: join(folder, 'data'), SLUIS_KEYS: join(folder, 'keys'), ...(process.env['SLUIS_INSTALL_DATABASE_URL'] && { SLUIS_DATABASE_URL: process.env['SLUIS_INSTALL_DATABASE_URL'] }) };
  const code = await run([...argv, '--realm', 'cak', '--config', join(folder, 'config/sluis.yaml')], { out: write, err: write, env, now: at.now });
  return { code, text };
}

test('a mail server that is down: the message waits longer and longer, is given up visibly, and goes when it is told to', async () => {
  smtp = 'refuses';
  const id = await send('mail');
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    await until(async () => { const message = await messageOf(id); return message?.attempts === attempt && message.state !== 'sending'; });
    if (attempt === 1) expect((await sluis('outbox', 'list')).text).toMatch(new RegExp(`${id}.*mail.*anh@example\\.nl.*waiting.*1.*E[A-Z]+`));
    if (attempt < ATTEMPTS) {
      // not before its time
      expect((await messageOf(id))?.next_at).toBeGreaterThanOrEqual(at.now() + backOff(attempt) - 5);
      at.advance(backOff(attempt));
    }
  }
  expect((await sluis('outbox', 'list')).text).toMatch(new RegExp(`${id}.*failed.*${ATTEMPTS}`));
  at.advance(86_400);
  smtp = 'works';
  await new Promise((resolve) => { setTimeout(resolve, 1500); });
  expect(await stateOf(id)).toBe('failed');
  expect((await sluis('outbox', 'retry', '--id', id)).code).toBe(0);
  await until(async () => await stateOf(id) === 'sent');
  expect(mailbox.received.get(id)).toBe(1);
  expect((await sluis('outbox', 'retry', '--id', id)).code).not.toBe(0);
}, 60_000);

test('a mail server that hangs holds up no SMS, and is left after its time', async () => {
  smtp = 'hangs';
  const mails = await Promise.all(Array.from({ length: 15 }, () => send('mail')));
  await until(async () => (await Promise.all(mails.map(stateOf))).filter((state) => state === 'sending').length >= 8);
  const begun = performance.now();
  const code = await send('sms');
  await until(async () => await stateOf(code) === 'sent', 4000);
  expect(performance.now() - begun).toBeLessThan(4000);
  await until(async () => (await Promise.all(mails.map(messageOf))).some((mail) => mail?.state === 'waiting' && mail.error === 'ETIMEDOUT'), 30_000);
  smtp = 'works';
  for (const socket of sockets) socket.destroy();
  await until(async () => {
    at.advance(60);
    return (await Promise.all(mails.map(stateOf))).every((state) => state === 'sent');
  }, 30_000);
  for (const id of mails) expect(mailbox.received.get(id)).toBeGreaterThanOrEqual(1);
}, 90_000);

test.each([['garbage', /.+/], ['fails', /^gateway 500$/], ['refuses', /.+/], ['hangs', /^TimeoutError$|ABORT|timeout/i]] as const)('a gateway that %s: the SMS waits and says why, and goes once with one key afterwards', async (way, error) => {
  gateway = way;
  const id = await send('sms');
  await until(async () => await stateOf(id) === 'waiting' && (await messageOf(id))?.attempts === 1, 15_000);
  const waiting = await messageOf(id);
  expect(waiting?.error).toMatch(error);
  expect(waiting?.error).not.toContain('31612345678');
  gateway = 'works';
  at.advance(backOff(1));
  await until(async () => await stateOf(id) === 'sent');
  expect(sms.filter((key) => key === id)).toHaveLength(1);
}, 30_000);
