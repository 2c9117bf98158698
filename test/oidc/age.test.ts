import { inflateRawSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { HttpBrowser, Page } from '../support/http-browser.ts';
import { install, type Install } from '../support/install.ts';
import { brokerAnswer, depart, ib, person } from '../support/journeys.ts';
import { cakClient, cakLogin, ibClient, typePassword, type RelyingParty, type Tokens } from '../support/relying-party.ts';

/** How old a login may be, and when it must be made anew. Broker RPN does not force a login: it answers as its session is. */
let at: Install;
let rp: RelyingParty;
let low: RelyingParty;
let high: RelyingParty;
beforeAll(async () => {
  at = await install({ change: ({ realms }) => { for (const broker of realms.flatMap((realm) => realm.brokers)) broker.force_authn = false; } });
  [rp, low, high] = [await cakClient(at, 'rp'), await ibClient(at, 'werk-en-inkomen', 'low'), await ibClient(at, 'portaal-zorg', 'high')];
}, 60_000);
afterAll(() => at?.stop());

type Params = Record<string, string | undefined>;
const acr = { eh2: 'http://eidas.europa.eu/LoA/low', eh3: 'http://eidas.europa.eu/LoA/substantial' };
const ask = async (of: RelyingParty, browser: HttpBrowser, params: Params = {}): Promise<Page> => browser.get((await of.start(params)).url);
const silently = async (of: RelyingParty, browser: HttpBrowser, params: Params): Promise<string | undefined> => {
  const { answer } = await ask(of, browser, { prompt: 'none', ...params });
  return answer['code'] ? 'code' : answer['error'];
};

async function show(browser: HttpBrowser, page: Page, { level = 'loa3', authnAt = at.now() } = {}): Promise<Page> {
  return browser.post(`/${ib}/saml/acs`, brokerAnswer(at, await depart(browser, page, 'rpn'), person('ib-user'), { level, authnAt }));
}

async function login(of: RelyingParty, browser: HttpBrowser, { params = {}, ...how }: { params?: Params; level?: string; authnAt?: number } = {}): Promise<Tokens> {
  const started = await of.start(params);
  return of.finish(started, await show(browser, await browser.get(started.url), how));
}

async function enter(of: RelyingParty, browser: HttpBrowser, params: Params): Promise<Tokens> {
  const started = await of.start({ prompt: 'none', ...params });
  return of.finish(started, await browser.get(started.url));
}

describe('max_age', () => {
  test('a login within it is enough, and its time is told', async () => {
    const browser = at.browser();
    const { claims } = await cakLogin(rp, browser);
    at.advance(50);
    expect((await enter(rp, browser, { max_age: '60' })).claims.auth_time).toBe(claims.auth_time);
  });

  test('an older one is asked again, silently refused, and the new time is told; without max_age it would have done', async () => {
    const browser = at.browser();
    const { claims } = await cakLogin(rp, browser);
    at.advance(61);
    expect(await silently(rp, browser, { max_age: '60' })).toBe('login_required');
    expect(await silently(rp, browser, {})).toBe('code');
    expect((await ask(rp, browser, { max_age: '60' })).step).toBe('password');
    const again = await cakLogin(rp, browser, { params: { max_age: '60' } });
    expect(again.claims.auth_time).toBeGreaterThanOrEqual((claims.auth_time ?? 0) + 61);
    expect(await silently(rp, browser, { max_age: '60' })).toBe('code');
  });

  test('somebody who is long at the pages after the login is not sent back to its beginning', async () => {
    const browser = at.browser();
    const started = await rp.start({ max_age: '5' });
    const page = await browser.get(started.url);
    at.advance(30);
    expect((await rp.finish(started, await typePassword(browser, page))).claims.sub).toBe(person('cak-active').account?.id);
  });

  test('0 is prompt=login', async () => {
    const browser = at.browser();
    await cakLogin(rp, browser);
    expect((await ask(rp, browser, { max_age: '0' })).step).toBe('password');
    expect(await silently(rp, browser, { max_age: '0' })).not.toBe('code');
    expect((await cakLogin(rp, browser, { params: { max_age: '0' } })).claims.auth_time).toBeDefined();
  });

  test.each(['-1', '1.5', 'soon', '1e30'])('%s is an invalid request', async (max_age) => {
    expect((await ask(rp, at.browser(), { max_age })).answer['error']).toBe('invalid_request');
  });

  test('counts the age of what was shown, not of the session: a step-up makes a level young, and its time is told', async () => {
    const browser = at.browser();
    await login(low, browser, { level: 'loa2' });
    at.advance(100);
    const stepUp = await login(high, browser);
    at.advance(50);
    const { claims } = await enter(low, browser, { max_age: '60' });
    expect([claims.acr, claims.auth_time]).toEqual([acr.eh3, stepUp.claims.auth_time]);
  });

  test('what is too old lends no level: a young low login says its own level and time, and the older higher one stays for who asks no age', async () => {
    const browser = at.browser();
    const first = await login(high, browser);
    at.advance(100);
    const young = await login(low, browser, { level: 'loa2', params: { max_age: '60' } });
    expect(young.claims.acr).toBe(acr.eh2);
    expect(young.claims.auth_time).toBeGreaterThanOrEqual((first.claims.auth_time ?? 0) + 100);
    expect(await silently(high, browser, { max_age: '60' })).toBe('login_required');
    expect((await enter(high, browser, {})).claims).toMatchObject({ acr: acr.eh3, auth_time: first.claims.auth_time });
    expect((await enter(low, browser, { max_age: '60' })).claims).toMatchObject({ acr: acr.eh2, auth_time: young.claims.auth_time });
  });

  test('a broker that did not have the person log in anew is refused on the page; a minute of clock is allowed', async () => {
    const browser = at.browser();
    const started = await low.start({ max_age: '60' });
    const page = await show(browser, await browser.get(started.url), { authnAt: at.now() - 125 });
    expect([page.status, page.step, page.problems]).toEqual([200, 'broker', ['broker.not_fresh']]);
    const authnAt = at.now() - 100;
    expect((await low.finish(started, await show(browser, page, { authnAt }))).claims.auth_time).toBe(authnAt);
    // within the run a clock may be behind; on the session the proof is as old as it says
    expect(await silently(low, browser, { max_age: '60' })).toBe('login_required');
  });

  test('a client\'s default counts when a request does not say', async () => {
    const careful = await cakClient(at, 'careful', { default_max_age: 60, require_auth_time: true });
    const browser = at.browser();
    expect((await cakLogin(careful, browser)).claims.auth_time).toBeDefined();
    at.advance(61);
    expect(await silently(careful, browser, {})).toBe('login_required');
    expect(await silently(careful, browser, { max_age: '600' })).toBe('code');
    expect(await silently(rp, browser, {})).toBe('code');
  });
});

describe('prompt=login', () => {
  test('counts nothing of before: a broker asked to force a login that answers with an older one is refused', async () => {
    const browser = at.browser();
    await login(low, browser);
    at.advance(120);
    const started = await low.start({ prompt: 'login' });
    const page = await browser.get(started.url);
    const left = await browser.submit(page, { broker: 'rpn' });
    const request = inflateRawSync(Buffer.from(new URL(left.location ?? '').searchParams.get('SAMLRequest') ?? '', 'base64')).toString();
    expect(request).toContain('ForceAuthn="true"');
    const stale = await show(browser, await browser.get(page.url), { authnAt: at.now() - 90 });
    expect(stale.problems).toEqual(['broker.not_fresh']);
    const { claims } = await low.finish(started, await show(browser, stale));
    expect(claims.auth_time).toBeGreaterThanOrEqual(at.now() - 5);
  });

  test('without it the same broker is not asked to force anything', async () => {
    const browser = at.browser();
    const left = await browser.submit(await ask(low, browser), { broker: 'rpn' });
    expect(inflateRawSync(Buffer.from(new URL(left.location ?? '').searchParams.get('SAMLRequest') ?? '', 'base64')).toString()).toContain('ForceAuthn="false"');
  });
});

describe('other prompts', () => {
  test.each(['consent', 'login consent', 'create', 'none login', 'none select_account'])('%s is an invalid request that says so', async (prompt) => {
    const browser = at.browser();
    await cakLogin(rp, browser);
    const { answer } = await ask(rp, browser, { prompt });
    expect(answer).toMatchObject({ error: 'invalid_request', state: expect.any(String), iss: `${at.url}/cak` });
    expect(answer['error_description']).toMatch(/prompt/);
  });
});

describe('a request for somebody', () => {
  test('id_token_hint: that person is let through; another one logs in once, and the portal hears that it was another', async () => {
    const browser = at.browser();
    const mine = await cakLogin(rp, browser);
    expect(await silently(rp, browser, { id_token_hint: mine.id_token })).toBe('code');
    const other = at.browser();
    const page = await typePassword(other, await ask(rp, other, { id_token_hint: mine.id_token }), 'cak-twin');
    expect(page.answer['error']).toBe('login_required');
    const right = at.browser();
    expect((await typePassword(right, await ask(rp, right, { id_token_hint: mine.id_token }))).answer['code']).toBeDefined();
  });

  test('claims: sub as a value does the same', async () => {
    const claims = JSON.stringify({ id_token: { sub: { value: person('cak-active').account?.id } } });
    const other = at.browser();
    await cakLogin(rp, other, { who: 'cak-twin' });
    expect(await silently(rp, other, { claims })).toBe('login_required');
    const page = await ask(rp, other, { claims });
    expect(page.step).toBe('password');
    expect((await typePassword(other, page, 'cak-twin')).answer['error']).toBe('login_required');
    const right = at.browser();
    expect((await typePassword(right, await ask(rp, right, { claims }))).answer['code']).toBeDefined();
  });
});

describe('login_hint', () => {
  const fieldOf = (page: Page, name: string): string | undefined => new RegExp(`<input[^>]* name="${name}"[^>]*>`).exec(page.html)?.[0];

  test('is filled in as the user name, can be typed over, and proves nothing', async () => {
    const browser = at.browser();
    const page = await ask(rp, browser, { login_hint: 'jdevries' });
    expect(fieldOf(page, 'username')).toContain('value="jdevries"');
    expect(fieldOf(page, 'password')).not.toContain('jdevries');
    const wrong = await typePassword(browser, page, 'cak-active', { username: 'other', password: 'x' });
    expect(fieldOf(wrong, 'username')).toContain('value="other"');
    expect((await typePassword(browser, wrong)).answer['code']).toBeDefined();
  });

  test('is text, whatever it holds', async () => {
    expect((await ask(rp, at.browser(), { login_hint: '"><script>alert(1)</script>' })).html).not.toContain('<script>alert');
    for (const login_hint of ['x'.repeat(257), 'a\u0000b']) {
      const page = await ask(rp, at.browser(), { login_hint });
      expect([page.status, page.step, fieldOf(page, 'username')?.includes('value="x') ?? true]).toEqual([200, 'password', false]);
    }
  });

  test('a portal with brokers shows its page as ever', async () => {
    const page = await ask(low, at.browser(), { login_hint: 'jdevries' });
    expect([page.step, page.html.includes('jdevries')]).toEqual(['broker', false]);
  });
});
