import { once } from 'node:events';
import { request } from 'node:http';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { grounds } from '../support/databases.ts';
import type { HttpBrowser, Page } from '../support/http-browser.ts';
import { freePort, install } from '../support/install.ts';
import { arrive, loginCak, person } from '../support/journeys.ts';
import { spawnNodes, type Processes } from '../support/nodes.ts';

// several processes on one SQLite file is not how anybody runs it, so the best database that is here
const ground = grounds.findLast(({ there }) => there)!;

describe(`${ground.name}: nodes that stop and nodes that die`, () => {
  let at: Processes;
  beforeAll(async () => { at = await spawnNodes(ground, 3); }, 120_000);
  afterAll(() => at?.stop(), 60_000);

  const portal = 'mijn-cak-zakelijk';
  const fill = (browser: HttpBrowser, page: Page): Promise<Page> => browser.submit(page, person('cak-active').login);

  test('SIGTERM: half a request is waited for and answered, the others go on, nobody at the proxy notices', async () => {
    const [node] = at.nodes;
    const half = request({ host: '127.0.0.1', port: node!.port, method: 'POST', path: '/cak/token', headers: { host: new URL(at.url).host, 'content-type': 'application/x-www-form-urlencoded', 'content-length': 29 } });
    half.write('grant_type=cli');
    // it is with the node, not on the way to it
    await sleep(300);
    let serving = true;
    const pages: Page[] = [];
    const people = async (): Promise<void> => {
      while (serving) pages.push(await loginCak(at.browser()));
    };
    const busy = Promise.all([people(), people()]);
    const ended = node!.end('SIGTERM');
    await sleep(700);
    expect(node!.child.exitCode).toBeNull();
    const refused = await new Promise((resolve) => { connect(node!.port, '127.0.0.1').once('error', resolve).once('connect', () => resolve(undefined)); });
    expect(refused).toMatchObject({ code: 'ECONNREFUSED' });
    half.end('ent_credentials');
    const [answer] = await once(half, 'response') as [{ statusCode: number; headers: Record<string, string> }];
    expect([answer.statusCode, answer.headers['connection']]).toEqual([400, 'close']);
    expect(await ended).toBe(0);
    while (pages.length < 6) await sleep(50);
    serving = false;
    await busy;
    expect(pages.map((page) => page.answer['code'] !== undefined)).toEqual(pages.map(() => true));
  }, 60_000);

  test('killed in the middle of a login: the login goes on at the other node', async () => {
    const browser = at.browser();
    at.proxy.only(1);
    const page = await arrive(browser, portal);
    expect(page.step).toBe('password');
    await at.nodes[1]!.end('SIGKILL');
    at.proxy.only();
    const answer = await fill(browser, page);
    expect(answer.answer['code']).toBeDefined();
    expect((await arrive(browser, portal, { prompt: 'none' })).answer['code']).toBeDefined();
    expect((await fetch(`${at.url}/readyz`)).status).toBe(200);
  }, 60_000);
});

const postgres = grounds.find(({ name, there }) => name === 'postgres' && there);

(postgres ? describe : describe.skip)('postgres: /readyz when the database goes away', () => {
  /** What stands between Sluis and the database: passes on, says nothing, or is not there. */
  async function startWire(target: URL, port: number): Promise<{ cut(): Promise<void>; mute(): void; mend(): Promise<void> }> {
    const ends = new Set<Socket>();
    let server: Server | undefined;
    let muted = false;
    const wire = (here: Socket): void => {
      const there = connect(Number(target.port || 5432), target.hostname);
      for (const end of [here, there]) {
        ends.add(end);
        end.on('error', () => undefined).on('close', () => { ends.delete(end); here.destroy(); there.destroy(); });
      }
      here.on('data', (data) => { if (!muted) there.write(data); });
      there.on('data', (data) => { if (!muted) here.write(data); });
    };
    const mend = async (): Promise<void> => {
      muted = false;
      for (const end of ends) end.destroy();
      if (server) return;
      server = createServer(wire).listen(port, '127.0.0.1');
      await once(server, 'listening');
    };
    const cut = async (): Promise<void> => {
      const closing = server;
      server = undefined;
      for (const end of ends) end.destroy();
      if (closing) await new Promise((resolve) => { closing.close(resolve); });
    };
    await mend();
    return { cut, mend, mute: () => { muted = true; } };
  }

  test('it fails soon, whether the server refuses or is silent, and recovers by itself; /healthz stays', async () => {
    const database = await postgres!.database();
    const [address, port] = [new URL(database.url ?? ''), await freePort()];
    const wire = await startWire(new URL(address), port);
    address.host = `127.0.0.1:${port}`;
    const at = await install({ change: ({ system }) => { system.database_url = address.href; } });
    const ready = async (): Promise<number> => (await fetch(`${at.url}/readyz`)).status;
    const soon = async (status: number): Promise<void> => {
      for (const end = Date.now() + 12_000; await ready() !== status;) if (Date.now() > end) throw new Error(`/readyz is not ${status}`);
    };
    await soon(200);
    for (const trouble of [() => wire.cut(), async () => wire.mute()]) {
      await trouble();
      const start = Date.now();
      expect(await ready()).toBe(503);
      expect(Date.now() - start).toBeLessThan(4000);
      expect((await fetch(`${at.url}/healthz`)).status).toBe(200);
      const scrape = await (await fetch(`${at.url}/metrics`)).text();
      expect(scrape).toMatch(/sluis_database_up\{realm="cak"\} [01]/);
      await wire.mend();
      await soon(200);
      expect((await loginCak(at.browser())).answer['code']).toBeDefined();
    }
    await at.stop();
    await wire.cut();
    await database.drop();
  }, 90_000);
});
