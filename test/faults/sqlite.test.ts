import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { root } from '../../src/root.ts';
import { appendAudit, listAudit } from '../../src/store/audit.ts';
import { sealBatch } from '../../src/store/audit-chain.ts';
import { verifyChain } from '../../src/store/audit-verify.ts';
import { findRun } from '../../src/store/runs.ts';
import type { HttpBrowser, Page } from '../support/http-browser.ts';
import { desk } from '../support/house.ts';
import { install, type Install } from '../support/install.ts';
import { authUrl } from '../support/journeys.ts';
import { cakClient, cakLogin, typePassword, type RelyingParty, type Tokens } from '../support/relying-party.ts';
import { expectUnavailable, expectUnavailableJson } from '../support/weather.ts';

let at: Install;
let rp: RelyingParty;
let tokens: Tokens;
let browser: HttpBrowser;
let page: Page;
beforeAll(async () => {
  at = await install({ change: (config) => { config.system.database_url = ''; } });
  rp = await cakClient(at, 'weather', { grant_types: ['authorization_code', 'refresh_token'], scope: 'openid roles' });
  tokens = await cakLogin(rp, at.browser(), { params: { scope: 'openid roles' } });
}, 60_000);
afterAll(() => at?.stop());
beforeEach(async () => {
  browser = at.browser();
  page = await browser.get(authUrl('mijn-cak-zakelijk'));
});

const db = () => at.host('cak').database;
const refresh = (): Promise<Response> => fetch(`${at.url}/cak/token`, {
  method: 'POST', headers: { authorization: `Basic ${Buffer.from('weather:secret-of-weather-that-is-long-enough').toString('base64')}` },
  body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: tokens.refresh_token ?? '' }),
});
const everythingWorks = async (): Promise<void> => {
  expect((await typePassword(browser, await browser.get(page.url))).answer['code']).toBeTruthy();
  const refreshed = await refresh();
  expect(refreshed.status).toBe(200);
  tokens = { ...tokens, ...await refreshed.json() as Tokens };
  while (await sealBatch(db(), 200, at.now()) > 0);
  expect(await verifyChain(db())).toMatchObject({ ok: true });
};

describe('a file that another process keeps locked', () => {
  let release: () => Promise<void> = async () => undefined;
  afterEach(() => release());
  const lock = async (): Promise<void> => {
    const file = join(at.running.hosts[0]?.system.data ?? '', 'cak.sqlite');
    const script = `const db = new (require('better-sqlite3'))(${JSON.stringify(file)}); db.exec('begin exclusive'); console.log('locked'); process.stdin.resume().on('end', () => process.exit(0));`;
    const child = spawn(process.execPath, ['-e', script], { cwd: root, stdio: ['pipe', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    release = async () => {
      release = async () => undefined;
      child.stdin.end();
      await once(child, 'exit');
    };
  };

  test('for longer than the patience: everybody is told after it, nobody waits for another one\'s patience, and all goes on afterwards', async () => {
    await lock();
    const start = performance.now();
    const others = Array.from({ length: 20 }, () => at.browser().get(authUrl('mijn-cak-zakelijk')));
    const [posted, refreshed, ...started] = await Promise.all([typePassword(browser.copy(), page), refresh(), ...others]);
    const took = performance.now() - start;
    expectUnavailable(posted);
    await expectUnavailableJson(refreshed);
    for (const one of started) expectUnavailable(one);
    expect(took).toBeGreaterThan(4500);
    expect(took).toBeLessThan(8000);
    // reading needs no lock
    expect((await rp.userinfo(tokens.access_token)).status).toBe(200);
    expect((await fetch(`${at.url}/readyz`)).status).toBe(200);
    await release();
    await everythingWorks();
  }, 30_000);

  test('for less than the patience: nobody notices', async () => {
    await lock();
    const submitted = typePassword(browser, page);
    await new Promise((resolve) => { setTimeout(resolve, 1500); });
    await release();
    expect((await submitted).answer['code']).toBeTruthy();
  }, 30_000);
});

describe('a disk that is full', () => {
  /** No page more than there is, and none of those with room left for an audit row. */
  const fill = async (): Promise<void> => {
    const { rows: [size] } = await sql<{ page_count: number }>`pragma page_count`.execute(db().db);
    await sql`pragma max_page_count = ${sql.raw(String(size?.page_count))}`.execute(db().db);
    const filler = { event: 'demo.seeded', action: 'C', outcome: 'success', actor: desk, now: at.now(), detail: { filler: 'x'.repeat(200) } } as const;
    await expect((async () => { for (;;) await appendAudit(db().db, filler); })()).rejects.toMatchObject({ name: 'Unavailable', code: 'SQLITE_FULL' });
    await expect((async () => { for (;;) await appendAudit(db().db, { ...filler, detail: {} }); })()).rejects.toMatchObject({ code: 'SQLITE_FULL' });
  };
  const makeRoom = async (): Promise<void> => { await sql`pragma max_page_count = 1000000`.execute(db().db); };

  test('a turn is whole or not at all, and neither is its audit row; with room again it simply goes on', async () => {
    const id = new URL(page.url).pathname.split('/').at(-1) ?? '';
    const before = await findRun(db().db, id);
    await fill();
    const rows = (await listAudit(db().db, { limit: 1_000_000 })).length;
    expectUnavailable(await typePassword(browser.copy(), page));
    await expectUnavailableJson(await refresh());
    expect(await findRun(db().db, id)).toEqual(before);
    expect((await listAudit(db().db, { limit: 1_000_000 })).length).toBe(rows);
    // reading goes on
    expect((await rp.userinfo(tokens.access_token)).status).toBe(200);
    await makeRoom();
    await everythingWorks();
  }, 60_000);
});
