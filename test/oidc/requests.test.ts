import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { updateAccount } from '../../src/store/accounts.ts';
import { install, type Install } from '../support/install.ts';
import type { Page } from '../support/http-browser.ts';
import { arrive, brokerAnswer, depart, login as loginIb, person, throughBroker } from '../support/journeys.ts';
import { cakClient, cakLogin, callback, typePassword, type RelyingParty } from '../support/relying-party.ts';

let at: Install;
let rp: RelyingParty;
beforeAll(async () => {
  at = await install();
  rp = await cakClient(at, 'rp');
}, 60_000);
afterAll(() => at?.stop());

const mfa = 'https://refeds.org/profile/mfa';
const high = 'http://eidas.europa.eu/LoA/high';
const ask = async (changes: Record<string, string | undefined>, browser = at.browser()): Promise<Page> => browser.get((await rp.start(changes)).url);

describe('what a request must be', () => {
  test.each([
    ['without PKCE', { code_challenge: undefined, code_challenge_method: undefined }],
    ['with a plain challenge', { code_challenge_method: 'plain' }],
    ['for a token from the front channel', { response_type: 'id_token' }],
    ['for a hybrid answer', { response_type: 'code id_token' }],
  ])('%s it is refused, and the portal hears so with state and iss', async (_, changes) => {
    const started = await rp.start(changes);
    const { answer, location } = await at.browser().get(started.url);
    // answers of a front-channel response type go into the fragment
    const said = { ...answer, ...Object.fromEntries(new URLSearchParams(new URL(location ?? '').hash.slice(1))) };
    expect(location?.startsWith(callback)).toBe(true);
    expect(said).toMatchObject({ state: started.state, iss: `${at.url}/cak` });
    expect(['invalid_request', 'unsupported_response_type']).toContain(said['error']);
    expect(said).not.toHaveProperty('code');
  });

  test.each([
    ['a longer path', `${callback}/x`], ['a query', `${callback}?x=1`], ['another port', 'http://localhost:10/cb'], ['another case', 'http://localhost:9/CB'],
    ['another scheme', 'https://localhost:9/cb'], ['a user name', 'http://a@localhost:9/cb'], ['a trailing slash', `${callback}/`], ['nothing', undefined],
  ])('a redirect URI with %s gets a page, never a redirect', async (_, redirect_uri) => {
    const page = await ask({ redirect_uri });
    expect(page.status).toBe(400);
    expect(page.location).toBeUndefined();
    expect(page.end).toBe(redirect_uri === undefined ? 'invalid_request' : 'invalid_redirect_uri');
  });

  test('an unknown client gets a page', async () => {
    const page = await ask({ client_id: 'nobody' });
    expect([page.status, page.end]).toEqual([400, 'invalid_client']);
  });

  test('a client registered without PKCE may leave it out; the code still works once, with its secret', async () => {
    const old = await cakClient(at, 'old-portal', { require_pkce: false });
    const browser = at.browser();
    const page = await typePassword(browser, await browser.get((await old.start({ code_challenge: undefined, code_challenge_method: undefined })).url));
    expect(page.answer['code']).toBeDefined();
  });
});

describe('prompt', () => {
  test('none without a session: login_required, without a page', async () => {
    expect((await ask({ prompt: 'none' })).answer).toMatchObject({ error: 'login_required', iss: `${at.url}/cak` });
  });

  test('none with a session: a code at once', async () => {
    const browser = at.browser();
    await cakLogin(rp, browser);
    expect((await ask({ prompt: 'none' }, browser)).answer['code']).toBeDefined();
  });

  test('none with a session that no longer suffices: login_required', async () => {
    const browser = at.browser();
    const { claims } = await cakLogin(rp, browser);
    const { db } = at.host('cak').database;
    await updateAccount(db, claims.sub, { status: 'locked' });
    try {
      expect((await ask({ prompt: 'none' }, browser)).answer['error']).toBe('login_required');
    } finally {
      await updateAccount(db, claims.sub, { status: 'active' });
    }
  });

  test('no prompt with a session: single sign-on, with the time of the first login', async () => {
    const browser = at.browser();
    const first = await cakLogin(rp, browser);
    const other = await cakClient(at, 'second-portal');
    const started = await other.start();
    const { claims } = await other.finish(started, await browser.get(started.url));
    expect(claims).toMatchObject({ sub: first.claims.sub, auth_time: first.claims.auth_time, acr: first.claims.acr });
  });

  test('login asks again although there is a session, and the time of the login is new', async () => {
    const browser = at.browser();
    const first = await cakLogin(rp, browser);
    at.advance(5);
    const page = await ask({ prompt: 'login' }, browser);
    expect(page.step).toBe('password');
    const again = await cakLogin(rp, browser, { params: { prompt: 'login' } });
    expect(again.claims.auth_time).toBeGreaterThan(first.claims.auth_time ?? 0);
    expect(again.claims.sub).toBe(first.claims.sub);
  });

  test('login as somebody else in the same browser: the answer is about that one', async () => {
    const browser = at.browser();
    await cakLogin(rp, browser);
    const started = await rp.start({ prompt: 'login' });
    let page = await typePassword(browser, await browser.get(started.url), 'cak-twin');
    // the provider ends the first session with a form of its own
    if (page.location === undefined) page = await browser.submit(page, { logout: 'yes' });
    const { claims } = await rp.finish(started, page);
    expect(claims).toMatchObject({ sub: person('cak-twin').account?.id, organisation: { name: 'Thuiszorg Veldzicht' } });
  });
});

describe('levels', () => {
  test('of several values any will do; unknown ones ask nothing', async () => {
    expect((await cakLogin(rp, at.browser(), { params: { acr_values: `${mfa} https://refeds.org/profile/sfa` } })).claims['acr']).toBe('https://refeds.org/profile/sfa');
    expect((await cakLogin(rp, at.browser(), { params: { acr_values: 'urn:nobody:knows urn:this' } })).claims['acr']).toBe('https://refeds.org/profile/sfa');
  });

  test('a lower value than the portal\'s own lowers nothing', async () => {
    const browser = at.browser();
    const low = await throughBroker(at, browser, await arrive(browser, 'portaal-zorg', { acr_values: 'http://eidas.europa.eu/LoA/low' }), 'ib-low');
    expect([low.status, low.end]).toEqual([403, 'level_too_low']);
  });

  test('a value above it is asked of the broker: those that cannot deliver it cannot be chosen', async () => {
    const browser = at.browser();
    const page = await arrive(browser, 'werk-en-inkomen', { acr_values: high });
    expect((await browser.submit(page, { broker: 'rpn' })).problems).toEqual(['broker.unavailable']);
    expect((await depart(browser, await browser.get(page.url), 'wbid')).broker).toBe('wbid');
  });

  test('step-up: a session of level 2 goes to its broker again for a portal of level 3, and only then gets in', async () => {
    const browser = at.browser();
    const answer = async (page: Page, level: string) => browser.post('/inlichtingenbureau/saml/acs', brokerAnswer(at, await depart(browser, page, 'rpn'), person('ib-user'), { level }));
    expect((await answer(await arrive(browser), 'loa2')).answer['code']).toBeDefined();
    // the session suffices for a portal of level 2, silently, and for nothing higher
    expect((await arrive(browser, 'werk-en-inkomen', { prompt: 'none' })).answer['code']).toBeDefined();
    expect((await arrive(browser, 'portaal-zorg', { prompt: 'none' })).answer['error']).toBe('login_required');
    const page = await arrive(browser, 'portaal-zorg');
    expect(page.step).toBe('broker');
    expect((await answer(page, 'loa3')).answer['code']).toBeDefined();
    expect((await arrive(browser, 'portaal-zorg', { prompt: 'none' })).answer['code']).toBeDefined();
  });

  test('who has level 4 already is let through at once', async () => {
    const browser = at.browser();
    expect((await loginIb(at, browser, 'ib-card')).answer['code']).toBeDefined();
    expect((await arrive(browser, 'werk-en-inkomen', { acr_values: high })).answer['code']).toBeDefined();
    expect((await arrive(browser, 'werk-en-inkomen', { acr_values: high, prompt: 'none' })).answer['code']).toBeDefined();
  });
});

test('a field that is far too long is a problem on the page, in words', async () => {
  const browser = at.browser();
  const page = await typePassword(browser, await ask({}, browser), 'cak-active', { password: 'x'.repeat(600) });
  expect([page.status, page.step, page.problems]).toEqual([200, 'password', ['input.unreadable']]);
});

describe('language', () => {
  test('ui_locales of the request decide when the browser has chosen nothing', async () => {
    expect((await ask({ ui_locales: 'en' })).html).toContain('<html lang="en"');
    expect((await ask({ ui_locales: 'en-GB nl' })).html).toContain('<html lang="en"');
    expect((await ask({ ui_locales: 'fr' })).html).toContain('<html lang="nl"');
    expect((await ask({})).html).toContain('<html lang="nl"');
  });

  test('of several ui_locales the first that the realm speaks', async () => {
    expect((await ask({ ui_locales: 'fr en' })).html).toContain('<html lang="en"');
  });

  test('what the person chose stays, whatever a portal asks', async () => {
    const browser = at.browser();
    const page = await ask({ ui_locales: 'en' }, browser);
    expect((await browser.get(`${page.url}?lang=nl`)).html).toContain('<html lang="nl"');
    expect((await ask({ ui_locales: 'en' }, browser)).html).toContain('<html lang="nl"');
  });
});
