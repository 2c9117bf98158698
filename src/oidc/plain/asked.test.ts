import { createServer, type IncomingMessage } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { afterEach, expect, test } from '@jest/globals';
import { formOf, isPlain } from './asked.ts';

const body = 'grant_type=client_credentials&scope=lezen';
const head = (length = body.length): string => `POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${length}\r\n\r\n`;

let close = (): void => undefined;
afterEach(() => close());

/** A request as a server gets it, and the socket that sent the text. */
async function arrives(text: string): Promise<{ req: IncomingMessage; socket: ReturnType<typeof connect> }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1', () => socket.write(text));
  socket.on('error', () => undefined);
  close = () => { socket.destroy(); server.close(); server.closeAllConnections(); };
  const [req] = await once(server, 'request') as [IncomingMessage];
  req.on('error', () => undefined);
  return { req, socket };
}

async function whole(req: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of req) text += String(chunk);
  return text;
}

test('a form is read, and put back as if nobody had read it', async () => {
  const { req } = await arrives(head() + body);
  const form = await formOf(req);
  expect(form?.fields).toEqual({ grant_type: 'client_credentials', scope: 'lezen' });
  await new Promise((resolve) => { setImmediate(resolve); });
  expect([req.listenerCount('readable'), req.listenerCount('error')]).toEqual([0, 1]);
  form?.putBack();
  expect(await whole(req)).toBe(body);
});

test('what came of a sender who went away meanwhile is still there for who reads it next', async () => {
  const { req, socket } = await arrives(head() + body);
  const form = await formOf(req);
  const gone = new Promise((resolve) => { req.once('close', resolve); });
  socket.destroy();
  await gone;
  form?.putBack();
  expect((req as { body?: unknown }).body).toEqual({ grant_type: 'client_credentials', scope: 'lezen' });
});

test('a sender who goes away half way leaves no form, and no listeners', async () => {
  const { req, socket } = await arrives(head(body.length + 1) + body);
  const form = formOf(req);
  socket.destroy();
  expect(await form).toBeUndefined();
  expect([req.destroyed, req.listenerCount('readable'), req.listenerCount('error')]).toEqual([true, 0, 1]);
});

test.each<[string, string]>([
  ['another type', head().replace('x-www-form-urlencoded', 'json') + body], ['no length', head().replace(/Content-Length.*/, 'Transfer-Encoding: chunked') + `5\r\na=b&c\r\n0\r\n\r\n`],
  ['a field twice', `${head(7)}a=1&a=2`], ['a field without a value', `${head(2)}a=`], ['too much', head(9000) + 'a'.repeat(9000)],
])('%s is no plain form, and stays in the request', async (_, text) => {
  const { req } = await arrives(text);
  expect(await formOf(req)).toBeUndefined();
  expect(await whole(req)).not.toBe('');
});

test.each<[Record<string, string>, boolean]>([
  [{}, true], [{ accept: 'application/json' }, true], [{ accept: '*/*' }, true], [{ accept: 'text/html' }, false], [{ origin: 'https://x.example' }, false], [{ dpop: 'x' }, false], [{ 'content-encoding': 'gzip' }, false],
])('headers %j are plain: %s', (headers, plain) => {
  expect(isPlain({ headers } as IncomingMessage)).toBe(plain);
});
