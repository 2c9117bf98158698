import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { HttpBrowser, Page } from '../support/http-browser.ts';
import { install, type Install } from '../support/install.ts';
import { arrive, ib, login, loginCak } from '../support/journeys.ts';

/** Page A20 and what its script asks: who may know, who may extend, where it leads. */
let at: Install;
beforeAll(async () => { at = await install(); }, 60_000);
afterAll(() => at?.stop());
beforeEach(async () => { for (const { database } of at.running.hosts) await database.db.deleteFrom('sessions').execute(); });

type Status = { ends_at: number | null; warn_at: number | null; because: string | null; now: number };
const json = { headers: { accept: 'application/json' } };
const statusOf = async (browser: HttpBrowser): Promise<Status> => JSON.parse((await browser.send('/cak/session/status', json)).html) as Status;
const extend = (browser: HttpBrowser, token: string, init: RequestInit = json): Promise<Page> =>
  browser.send('/cak/session/extend', { method: 'POST', body: new URLSearchParams({ token, to: '' }), ...init });
const here = async (): Promise<HttpBrowser> => {
  const browser = at.browser();
  await loginCak(browser);
  return browser;
};

describe('who asks how long the session lasts', () => {
  test('hears it with the session\'s own browser: 20 minutes, a warning two minutes before', async () => {
    const browser = await here();
    const { ends_at, warn_at, now, because } = await statusOf(browser);
    expect([ends_at, warn_at, because]).toEqual([expect.any(Number), (ends_at ?? 0) - 120, 'idle']);
    expect((ends_at ?? 0) - now).toBeGreaterThan(1190);
    expect((ends_at ?? 0) - now).toBeLessThanOrEqual(1200);
  });

  test('hears the same without a session, with a made-up cookie, and after the end', async () => {
    const browser = await here();
    const forged = at.browser();
    forged.cookies = browser.cookies.map((cookie) => ({ ...cookie, value: cookie.name.endsWith('.sig') ? cookie.value : `${cookie.value}x` }));
    const mine = browser.copy();
    at.advance(1201);
    const answers = [];
    for (const one of [at.browser(), forged, mine]) answers.push(await statusOf(one));
    for (const { now: _, ...rest } of answers) expect(rest).toEqual({ ends_at: null, warn_at: null, because: null });
  });

  test('gets an answer that nobody keeps and no other origin may read', async () => {
    const page = await (await here()).send('/cak/session/status', json);
    expect(page.headers.get('cache-control')).toContain('no-store');
    expect(page.headers.get('access-control-allow-origin')).toBeNull();
    expect(page.headers.get('content-type')).toContain('application/json');
  });
});

describe('extending', () => {
  test('moves the end, for a script', async () => {
    const browser = await here();
    const before = await statusOf(browser);
    at.advance(1150);
    const { token = '' } = (await browser.get('/cak/session')).hidden;
    const after = JSON.parse((await extend(browser, token)).html) as Status;
    expect((after.ends_at ?? 0) - (before.ends_at ?? 0)).toBeGreaterThanOrEqual(1149);
    expect((await statusOf(browser)).ends_at).toBe(after.ends_at);
  });

  test('and for a form, which stays here when there is no page of ours to go back to', async () => {
    const browser = await here();
    at.advance(1150);
    const page = await browser.get('/cak/session');
    expect(page.html).toContain('Bent u er nog?');
    const sent = await browser.postOnly(page.action, page.hidden);
    expect([sent.status, new URL(sent.location ?? '').pathname]).toEqual([303, '/cak/session']);
    at.advance(1150);
    expect((await statusOf(browser)).ends_at).not.toBeNull();
  });

  test('needs the token of this session: nobody keeps somebody else logged in', async () => {
    const [browser, other] = [await here(), await here()];
    const before = await statusOf(browser);
    at.advance(600);
    const foreign = (await other.get('/cak/session')).hidden['token'] ?? '';
    for (const token of ['', 'guess', foreign]) expect((await extend(browser, token)).status).toBe(403);
    expect((await statusOf(browser)).ends_at).toBe(before.ends_at);
  });

  test('does not bring back what is over', async () => {
    const browser = await here();
    const { token = '' } = (await browser.get('/cak/session')).hidden;
    at.advance(1201);
    expect(JSON.parse((await extend(browser, token)).html)).toMatchObject({ ends_at: null });
    const page = await browser.follow(await extend(browser, token, { headers: { accept: 'text/html' } }));
    expect(page.html).toContain('U bent uitgelogd omdat u 20 minuten niets heeft gedaan');
    expect((await statusOf(browser)).ends_at).toBeNull();
  });
});

describe('the page', () => {
  test('says why, when our own pages lead to it, and else only that nobody is logged in', async () => {
    const browser = at.browser();
    expect((await browser.get('/cak/session?because=idle')).end).toBe('session-idle');
    expect((await browser.get('/cak/session?because=expired')).end).toBe('session-expired');
    const mine = await here();
    expect((await mine.get('/cak/session?because=idle')).html).toContain('U bent ingelogd</h1>');
    at.advance(1100);
    expect((await mine.get('/cak/session')).html).toContain('Bent u er nog?</h1>');
    for (const because of ['', 'revoked', '<script>']) expect((await browser.get(`/cak/session?because=${encodeURIComponent(because)}`)).end).toBe('session-none');
    expect((await browser.get('/cak/session?because=idle&lang=en')).html).toContain('because you did nothing for 20 minutes');
  });

  test('leads back to our own pages only', async () => {
    const linked = async (to: string): Promise<string> => /<a class="utrecht-button-link[^>]*href="([^"]*)"/.exec((await at.browser().get(`/${ib}/session?${new URLSearchParams({ to }).toString()}`)).html)?.[1] ?? '';
    expect(await linked(`/${ib}/admin/people/1?x=1`)).toBe(`/${ib}/admin/people/1?x=1`);
    for (const to of ['https://evil.example/', '//evil.example/', `//evil.example/${ib}/admin/`, '/\\evil.example', `/${ib}/auth?client_id=x`, `/${ib}/admin/../auth`, `/${ib}/session/end`, 'javascript:alert(1)', '/cak/admin/']) expect(await linked(to)).toBe(`/${ib}/`);
  });

  test('calls nobody but us, and other pages call nobody', async () => {
    const browser = await here();
    expect((await browser.get('/cak/session')).headers.get('content-security-policy')).toContain("connect-src 'self'");
    expect((await browser.get('/cak/session/end')).headers.get('content-security-policy')).toContain("connect-src 'none'");
    expect((await at.browser().get('/cak/session')).headers.get('content-security-policy')).toContain("connect-src 'none'");
  });
});

describe('a login that began in a session which is over', () => {
  const stepUp = { acr_values: 'http://eidas.europa.eu/LoA/high' };

  test('does not go on with what that session proved', async () => {
    const browser = at.browser();
    await login(at, browser, 'ib-user');
    const page = await arrive(browser, 'werk-en-inkomen', stepUp);
    const journal = async (): Promise<string> => (await at.host(ib).database.db.selectFrom('runs').select('journal').where('id', '=', new URL(page.url).pathname.split('/').at(-1) ?? '').executeTakeFirstOrThrow()).journal;
    expect(await journal()).toContain('@session');
    at.advance(1201);
    expect((await browser.get(page.url)).step).toBe('broker');
    expect(await journal()).toBe('[]');
  });

  test('and being busy with it is activity: the session lasts', async () => {
    const browser = at.browser();
    await login(at, browser, 'ib-user');
    const page = await arrive(browser, 'werk-en-inkomen', stepUp);
    for (let i = 0; i < 3; i += 1) {
      at.advance(1000);
      expect((await browser.get(page.url)).step).toBe('broker');
    }
    expect(JSON.parse((await browser.send(`/${ib}/session/status`, json)).html)).toMatchObject({ because: 'idle', ends_at: expect.any(Number) });
  });
});
