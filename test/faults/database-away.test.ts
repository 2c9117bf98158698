import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import pino from 'pino';
import { enqueue, listOutbox } from '../../src/store/outbox.ts';
import { sealBatch } from '../../src/store/audit-chain.ts';
import { verifyChain } from '../../src/store/audit-verify.ts';
import { freshPostgres, hasPostgres } from '../support/databases.ts';
import type { HttpBrowser, Page } from '../support/http-browser.ts';
import { install, type Install } from '../support/install.ts';
import { authUrl } from '../support/journeys.ts';
import { cakClient, cakLogin, typePassword, type RelyingParty, type Tokens } from '../support/relying-party.ts';
import { startProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { expectUnavailable, expectUnavailableJson, until } from '../support/weather.ts';

/** Milliseconds: 5 s for a connection, and then what the URL below allows a query. */
const longest = 9000;

(hasPostgres ? describe : describe.skip)('PostgreSQL away and back', () => {
  let at: Install;
  let proxy: TcpProxy;
  let dropDatabase: () => Promise<void>;
  let rp: RelyingParty;
  let tokens: Tokens;
  const lines: { msg: string }[] = [];
  const said = (text: string): boolean => lines.some(({ msg }) => msg === text);

  beforeAll(async () => {
    const { url, drop } = await freshPostgres();
    dropDatabase = drop;
    proxy = await startProxy(url.hostname, Number(url.port));
    url.port = `${proxy.port}`;
    url.searchParams.set('statement_timeout', '2500');
    url.searchParams.set('query_timeout', '3000');
    const log = pino({ level: 'warn' }, { write: (line: string) => { lines.push(JSON.parse(line) as { msg: string }); } });
    at = await install({ change: (config) => { config.system.database_url = url.href; }, log });
    rp = await cakClient(at, 'weather', { grant_types: ['authorization_code', 'refresh_token', 'client_credentials'], scope: 'openid roles' });
    tokens = await cakLogin(rp, at.browser(), { params: { scope: 'openid roles' } });
  }, 60_000);
  afterAll(async () => {
    proxy?.open();
    await at?.stop();
    await proxy?.close();
    await dropDatabase?.();
  }, 30_000);

  const db = () => at.host('cak').database;
  const asPortal = (path: string, fields: Record<string, string>): Promise<Response> => fetch(`${at.url}/cak/${path}`, {
    method: 'POST', headers: { authorization: `Basic ${Buffer.from('weather:secret-of-weather-that-is-long-enough').toString('base64')}` }, body: new URLSearchParams(fields),
  });
  const refresh = (): Promise<Response> => asPortal('token', { grant_type: 'refresh_token', refresh_token: tokens.refresh_token ?? '' });
  const ready = async (): Promise<number> => (await fetch(`${at.url}/readyz`)).status;

  describe.each(['refuses', 'hangs'] as const)('a server that %s', (weather) => {
    let browser: HttpBrowser;
    let page: Page;

    beforeAll(async () => {
      browser = at.browser();
      page = await browser.get(authUrl('mijn-cak-zakelijk', { ui_locales: 'nl' }));
      expect(page.step).toBe('password');
      lines.length = 0;
      if (weather === 'refuses') proxy.refuse();
      else proxy.hang();
    }, 30_000);

    test('everybody gets an honest answer in time: people a page, portals an OAuth error', async () => {
      const start = performance.now();
      const [posted, shown, fresh, ...portals] = await Promise.all([
        typePassword(browser.copy(), page), browser.copy().get(page.url), at.browser().get(`${authUrl('mijn-cak-zakelijk')}&lang=en`),
        refresh(), asPortal('token', { grant_type: 'client_credentials', scope: 'roles' }), asPortal('token/introspection', { token: tokens.access_token }),
        fetch(`${at.url}/cak/me`, { headers: { authorization: `Bearer ${tokens.access_token}` } }),
      ]);
      expect(performance.now() - start).toBeLessThan(longest);
      expectUnavailable(posted);
      expectUnavailable(shown);
      // a page may be asked for again, with one click
      expect(shown.html).toContain(`href="${new URL(page.url).pathname}"`);
      expectUnavailable(fresh, 'en');
      for (const response of portals) await expectUnavailableJson(response);
      expect(lines.filter(({ msg }) => msg === 'request failed' || msg === 'provider failed').length).toBeGreaterThanOrEqual(7);
    }, 30_000);

    test('/readyz says so within seconds; /healthz, discovery and keys need no database', async () => {
      const start = performance.now();
      expect(await ready()).toBe(503);
      expect(performance.now() - start).toBeLessThan(3000);
      for (const path of ['/healthz', '/cak/.well-known/openid-configuration', '/cak/jwks', '/cak/theme.css']) {
        expect([path, (await fetch(`${at.url}${path}`)).status]).toEqual([path, 200]);
      }
    });

    test('the workers say so', async () => {
      await until(() => said('the outbox cannot be read') && said('audit trail not sealed'), 20_000);
    }, 25_000);

    test('afterwards all goes on: the run in the middle, the tokens of before, the workers', async () => {
      proxy.open();
      await until(async () => await ready() === 200);
      expect((await typePassword(browser, await browser.get(page.url))).answer['code']).toBeTruthy();
      expect((await rp.userinfo(tokens.access_token)).status).toBe(200);
      tokens = { ...tokens, ...await rp.refresh(tokens.refresh_token ?? '') };
      const id = await enqueue(db().db, { channel: 'mail', recipient: 'a@example.nl', subject: 'S', text: 'T', now: at.now() });
      await until(async () => (await listOutbox(db().db)).find((message) => message.id === id)?.state === 'sent');
      while (await sealBatch(db(), 200, at.now()) > 0);
      expect(await verifyChain(db())).toMatchObject({ ok: true });
    }, 30_000);
  });

  test('a connection that breaks in the middle of a refresh takes nothing: the same token works again', async () => {
    const broken: string[] = [];
    for (const moment of ['insert into "documents"', 'update "documents"', 'insert into "audit"', 'commit']) {
      proxy.cutBefore(moment);
      const response = await refresh();
      // a worker may have been the one that was cut: then this was simply a refresh
      if (response.status === 200) tokens = { ...tokens, ...await response.json() as Tokens };
      else {
        await expectUnavailableJson(response);
        broken.push(moment);
      }
    }
    expect(broken).toEqual(expect.arrayContaining(['insert into "documents"', 'update "documents"']));
    tokens = { ...tokens, ...await rp.refresh(tokens.refresh_token ?? '') };
    expect((await rp.userinfo(tokens.access_token)).status).toBe(200);
  }, 30_000);

  test('a connection that breaks while a login is handed over: reloading finishes it', async () => {
    const browser = at.browser();
    proxy.cutBefore('AuthorizationCode');
    const cut = await typePassword(browser, await browser.get(authUrl('mijn-cak-zakelijk')));
    expectUnavailable(cut);
    expect((await browser.get(cut.url)).answer['code']).toBeTruthy();
  }, 30_000);
});
