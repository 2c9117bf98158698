import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { listAudit } from '../../src/store/audit.ts';
import type { HttpBrowser, Page } from '../support/http-browser.ts';
import { install, type Install } from '../support/install.ts';
import { person } from '../support/journeys.ts';
import { cakClient, cakLogin, typePassword, type RelyingParty, type Tokens } from '../support/relying-party.ts';

/** Row IB-9 and design section 4: a session holds as long as somebody is at work, and then ends with all it gave. */
let at: Install;
let rp: RelyingParty;
beforeAll(async () => {
  // tokens that would outlive the session, so that it is the session that ends them
  at = await install({ change: ({ realms }) => { for (const { ttl } of realms) Object.assign(ttl, { access_token: 86_400, refresh_token: 86_400 }); } });
  rp = await cakClient(at, 'rp');
}, 60_000);
afterAll(() => at?.stop());
const db = () => at.host('cak').database.db;
beforeEach(async () => { await db().deleteFrom('sessions').execute(); });

const status = async (tokens: Tokens): Promise<[number, boolean]> => [(await rp.userinfo(tokens.access_token)).status, (await rp.introspect(tokens.access_token)).active];
const silent = async (browser: HttpBrowser): Promise<Record<string, string>> => (await browser.get((await rp.start({ prompt: 'none' })).url)).answer;
const reasons = async (): Promise<(string | null)[]> => (await listAudit(db(), { event: 'session.ended', limit: 200 })).map(({ reason }) => reason);
const lastActive = async (): Promise<number[]> => (await db().selectFrom('sessions').select('last_active_at').execute()).map((row) => row.last_active_at);
const end = (): Promise<unknown> => db().selectFrom('sessions').select('id').execute();

describe('without activity', () => {
  test('the session and every token are dead after 20 minutes, before any worker came by', async () => {
    const browser = at.browser();
    const tokens = await cakLogin(rp, browser);
    at.advance(1195);
    expect(await rp.introspect(tokens.access_token)).toMatchObject({ active: true });
    at.advance(10);
    expect(await status(tokens)).toEqual([401, false]);
    await expect(rp.refresh(tokens.refresh_token ?? '')).rejects.toMatchObject({ error: 'invalid_grant' });
    expect((await silent(browser))['error']).toBe('login_required');
    // the browser that came took the session away itself
    expect(await end()).toEqual([]);
    expect((await reasons()).at(0)).toBe('idle');
  });

  test('who comes back logs in again, without a trace of the old session in the way', async () => {
    const browser = at.browser();
    const first = await cakLogin(rp, browser);
    at.advance(1201);
    const started = await rp.start();
    const page = await browser.get(started.url);
    expect(page.step).toBe('password');
    const again = await rp.finish(started, await typePassword(browser, page));
    expect(again.claims.sub).toBe(first.claims.sub);
    expect(again.claims['auth_time']).toBeGreaterThan(Number(first.claims['auth_time']) + 1200);
    expect(await status(first)).toEqual([401, false]);
    expect(await status(again)).toEqual([200, true]);
  });

  test('a session that ends while somebody logs in again does not spoil that login', async () => {
    const browser = at.browser();
    await cakLogin(rp, browser);
    const started = await rp.start({ prompt: 'login' });
    const page = await browser.get(started.url);
    expect(page.step).toBe('password');
    at.advance(1201);
    const again = await rp.finish(started, await typePassword(browser, page));
    expect(await status(again)).toEqual([200, true]);
    expect((await silent(browser))['code']).toBeDefined();
  });
});

describe('activity', () => {
  const works: [string, (tokens: Tokens, browser: HttpBrowser) => Promise<Tokens>][] = [
    ['userinfo', async (tokens) => { await rp.userinfo(tokens.access_token); return tokens; }],
    ['a refresh', async (tokens) => ({ ...tokens, ...await rp.refresh(tokens.refresh_token ?? '') }) as Tokens],
    ['a login at a portal that is answered without a page', async (_, browser) => cakLogin(rp, browser)],
  ];
  test.each(works)('%s keeps the session', async (_, work) => {
    const browser = at.browser();
    let tokens = await cakLogin(rp, browser);
    for (let i = 0; i < 3; i += 1) {
      at.advance(1000);
      tokens = await work(tokens, browser);
    }
    expect(await status(tokens)).toEqual([200, true]);
    expect(await lastActive()).toHaveLength(1);
  });

  const idles: [string, (tokens: Tokens, browser: HttpBrowser) => Promise<unknown>][] = [
    ['introspection by a service', (tokens) => rp.introspect(tokens.access_token)],
    ['prompt=none of a hidden frame', (_, browser) => silent(browser)],
    ['prompt=none with the code redeemed', async (_, browser) => { const started = await rp.start({ prompt: 'none' }); return rp.finish(started, await browser.get(started.url)); }],
    ['asking how long it lasts', (_, browser) => browser.get('/cak/session/status')],
    ['the warning itself', (_, browser) => browser.get('/cak/session')],
  ];
  test.each(idles)('%s does not', async (_, idle) => {
    const browser = at.browser();
    const tokens = await cakLogin(rp, browser);
    const [before] = await lastActive();
    at.advance(1100);
    await idle(tokens, browser);
    expect(await lastActive()).toEqual([before]);
    at.advance(101);
    expect(await status(tokens)).toEqual([401, false]);
  });

  test('is written at most twice a minute', async () => {
    const tokens = await cakLogin(rp, at.browser());
    const [before] = await lastActive();
    at.advance(20);
    await rp.userinfo(tokens.access_token);
    expect(await lastActive()).toEqual([before]);
    at.advance(20);
    await rp.userinfo(tokens.access_token);
    expect((await lastActive())[0]).toBeGreaterThanOrEqual((before ?? 0) + 40);
  });
});

test('the absolute end comes whatever happens', async () => {
  const browser = at.browser();
  const tokens = await cakLogin(rp, browser);
  for (let passed = 0; passed < 28_000; passed += 1000) {
    at.advance(1000);
    expect((await rp.userinfo(tokens.access_token)).status).toBe(200);
  }
  at.advance(801);
  expect(await status(tokens)).toEqual([401, false]);
  expect((await silent(browser))['error']).toBe('login_required');
  expect((await reasons()).at(0)).toBe('expired');
});

/** The newcomer did it, and nothing of the session that ended is lent to them. */
const replaced = (mine: Tokens, other: Tokens): object => ({
  reason: 'replaced', actor: { kind: 'person', id: other.claims.sub }, session_id: null, object_type: 'session', object_id: expect.any(String),
  organisation_id: person('cak-active').organisation_id, acting_for: expect.not.stringContaining(person('cak-active').organisation_id ?? ''), detail: { account: mine.claims.sub },
});

describe('logging out', () => {
  const leave = async (browser: HttpBrowser, button: 'Uitloggen' | 'Overal uitloggen'): Promise<Page> => {
    const page = await browser.get('/cak/session/end');
    expect(page.html).toContain('Overal uitloggen');
    const value = new RegExp(`name="logout" value="(\\w+)"[^>]*>${button}<`).exec(page.html)?.[1] ?? '';
    return browser.submit(page, { logout: value });
  };

  test('here leaves the other browser alone', async () => {
    const [here, there] = [at.browser(), at.browser()];
    const [mine, other] = [await cakLogin(rp, here), await cakLogin(rp, there)];
    const page = await leave(here, 'Uitloggen');
    expect(page.html).toContain('data-ended="session"');
    expect([await status(mine), await status(other)]).toEqual([[401, false], [200, true]]);
    expect((await reasons()).at(0)).toBe('logout');
  });

  test('everywhere ends every session of the person, nobody else\'s, and says so', async () => {
    const [here, there, twin] = [at.browser(), at.browser(), at.browser()];
    const mine = [await cakLogin(rp, here), await cakLogin(rp, there)];
    const another = await cakLogin(rp, twin, { who: 'cak-twin' });
    const page = await leave(here, 'Overal uitloggen');
    expect(page.html).toContain('data-ended="everywhere"');
    expect(page.html).toContain('U was 2 keer ingelogd');
    for (const tokens of mine) expect(await status(tokens)).toEqual([401, false]);
    expect((await silent(there))['error']).toBe('login_required');
    expect(await status(another)).toEqual([200, true]);
    expect((await reasons()).slice(0, 2)).toEqual(['everywhere', 'everywhere']);
  });

  test('everywhere needs the form of this browser', async () => {
    const browser = at.browser();
    const tokens = await cakLogin(rp, browser);
    await browser.get('/cak/session/end');
    const forged = await browser.postOnly('/cak/session/end/confirm', { xsrf: 'guess', logout: 'everywhere' });
    expect(forged.status).toBe(400);
    expect(await status(tokens)).toEqual([200, true]);
  });

  test('the page does not say what is not so', async () => {
    const browser = at.browser();
    await cakLogin(rp, browser);
    const lie = await browser.get('/cak/session/end/success?everywhere=1');
    expect(lie.html).toContain('data-ended="nothing"');
    expect(lie.html).toContain('U bent nog ingelogd');
    expect((await at.browser().get('/cak/session/end/success')).html).toContain('data-ended="session"');
  });

  test('somebody else at the same browser ends the session before', async () => {
    const browser = at.browser();
    const mine = await cakLogin(rp, browser);
    const started = await rp.start({ prompt: 'login' });
    const other = await rp.finish(started, await typePassword(browser, await browser.get(started.url), 'cak-twin'));
    expect(other.claims.sub).not.toBe(mine.claims.sub);
    expect([await status(mine), await status(other)]).toEqual([[401, false], [200, true]]);
    expect((await listAudit(db(), { event: 'session.ended' })).at(0)).toMatchObject(replaced(mine, other));
  });
});

test('two people in two tabs of one browser: the second login ends the first session', async () => {
  const browser = at.browser();
  const started = await rp.start();
  const waiting = await browser.get(started.url);
  const mine = await cakLogin(rp, browser);
  const between = await typePassword(browser, waiting, 'cak-twin');
  const other = await rp.finish(started, between.location === undefined ? await browser.submit(between) : between);
  expect(other.claims.sub).not.toBe(mine.claims.sub);
  expect([await status(mine), await status(other)]).toEqual([[401, false], [200, true]]);
  expect((await listAudit(db(), { event: 'session.ended' })).at(0)).toMatchObject(replaced(mine, other));
});

test('the clients of a session are remembered with the sid of their ID tokens, once', async () => {
  const browser = at.browser();
  const other = await cakClient(at, 'other');
  await cakLogin(rp, browser);
  await cakLogin(rp, browser);
  await cakLogin(other, browser);
  const rows = await db().selectFrom('session_clients').selectAll().orderBy('client_id').execute();
  expect(rows.map(({ client_id, logout_uri }) => [client_id, logout_uri])).toEqual([['other', null], ['rp', null]]);
  expect(rows.every(({ sid }) => sid.length > 20)).toBe(true);
});
