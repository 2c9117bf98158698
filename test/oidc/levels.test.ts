import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { inflateRawSync } from 'node:zlib';
import { changeMinimumLevel } from '../../src/domain/organisations.ts';
import { updateOrganisation } from '../../src/store/organisations.ts';
import { updateAccount } from '../../src/store/accounts.ts';
import { listAudit } from '../../src/store/audit.ts';
import { listGrantsOf } from '../../src/store/grants.ts';
import { listSessions } from '../../src/store/sessions.ts';
import { desk } from '../support/house.ts';
import type { HttpBrowser, Page } from '../support/http-browser.ts';
import { install, type Install } from '../support/install.ts';
import { until } from '../support/listener.ts';
import { brokerAnswer, depart, ib, newcomer, person, profile, type Someone } from '../support/journeys.ts';
import { cakClient, cakLogin, ibClient, register, type RelyingParty, type Tokens } from '../support/relying-party.ts';

/** What a request demands of a login, and what is said when it cannot be met. */
let at: Install;
let low: RelyingParty;
let high: RelyingParty;
let cak: RelyingParty;
beforeAll(async () => {
  at = await install();
  [low, high, cak] = [await ibClient(at, 'werk-en-inkomen', 'low'), await ibClient(at, 'portaal-zorg', 'high'), await cakClient(at, 'cak')];
}, 60_000);
afterAll(() => at?.stop());
afterEach(() => minimum(undefined));

const acr = { eh2: 'http://eidas.europa.eu/LoA/low', eh3: 'http://eidas.europa.eu/LoA/substantial', eh4: 'http://eidas.europa.eu/LoA/high', mfa: 'https://refeds.org/profile/mfa', sfa: 'https://refeds.org/profile/sfa' };
type Params = Record<string, string | undefined>;
const ask = async (rp: RelyingParty, browser: HttpBrowser, params: Params = {}): Promise<Page> => browser.get((await rp.start(params)).url);
const silently = async (rp: RelyingParty, browser: HttpBrowser, params: Params = {}): Promise<string | undefined> => {
  const { answer } = await ask(rp, browser, { prompt: 'none', ...params });
  return answer['code'] ? 'code' : answer['error'];
};
const essential = (...values: string[]): Params => ({ claims: JSON.stringify({ id_token: { acr: values.length === 1 ? { essential: true, value: values[0] } : { essential: true, values } } }) });

/** Through broker RPN with a means of this level (`loa2` …). */
async function show(browser: HttpBrowser, page: Page, level: string, who: string | Someone = 'ib-user'): Promise<Page> {
  const broker = typeof who === 'string' ? 'rpn' : 'reecent';
  return browser.post(`/${ib}/saml/acs`, brokerAnswer(at, await depart(browser, page, broker), person(who), { level }));
}

async function login(rp: RelyingParty, browser: HttpBrowser, level: string, params: Params = {}): Promise<Tokens> {
  const started = await rp.start(params);
  return rp.finish(started, await show(browser, await browser.get(started.url), level));
}

/** Signed in already: nothing is asked. */
async function enter(rp: RelyingParty, browser: HttpBrowser, params: Params = {}): Promise<Tokens> {
  const started = await rp.start(params);
  const page = await browser.get(started.url);
  expect([page.step, page.end]).toEqual([undefined, undefined]);
  return rp.finish(started, page);
}

/** The lowest level that Gemeente Lissendam asks of its people. */
async function minimum(level: string | undefined): Promise<void> {
  const { database, realm } = at.host(ib);
  const organisationId = person('ib-user').organisation_id ?? '';
  const known = level === undefined || realm.levels.some(({ id }) => id === level);
  // a level that was in the ladder when it was set: the ladder changed since, and ended nobody's session
  if (!known) return updateOrganisation(database.db, organisationId, { minimum_level: level });
  await database.transaction((tx) => changeMinimumLevel(tx, { realm, organisationId, level, actor: desk, now: at.now() }));
}

describe('IB-10 two portals, one browser', () => {
  test('from low to high only the level is asked; from high to low nothing; acr is what was reached', async () => {
    const browser = at.browser();
    expect((await login(low, browser, 'loa2')).claims.acr).toBe(acr.eh2);
    expect(await silently(high, browser)).toBe('login_required');
    const started = await high.start();
    const page = await browser.get(started.url);
    expect(page.step).toBe('broker');
    const upgraded = await high.finish(started, await show(browser, page, 'loa3'));
    expect(upgraded.claims.acr).toBe(acr.eh3);
    expect((await enter(low, browser)).claims.acr).toBe(acr.eh3);
    expect((await enter(high, browser, { prompt: 'none' })).claims.acr).toBe(acr.eh3);
  });

  test('the trail says the level that was reached, also for a client that was there before', async () => {
    const browser = at.browser();
    const { database: { db } } = at.host(ib);
    await db.deleteFrom('sessions').execute();
    await login(low, browser, 'loa2');
    const [session] = await listSessions(db, { accountId: person('ib-user').account?.id ?? '' });
    const acrs = async () => (await listGrantsOf(db, session?.id ?? '')).filter(({ client_id }) => client_id === 'low').map((grant) => grant.acr);
    expect(await acrs()).toEqual([acr.eh2]);
    await login(high, browser, 'loa3');
    await enter(low, browser);
    expect(await acrs()).toEqual([acr.eh3]);
    // what the provider decides is written right after its answer
    await until('the row of the second code', async () => (await listAudit(db, { event: 'token.issued' })).some((row) => row.client_id === 'low' && row.session_id === session?.id && row.acr === acr.eh3));
  });

  test('a page in between moves no end, a step-up does; the provider\'s session ends at the same moment', async () => {
    const browser = at.browser();
    const { database: { db } } = at.host(ib);
    await db.deleteFrom('sessions').execute();
    const account = person('ib-user').account?.id ?? '';
    await login(low, browser, 'loa2');
    const ends = async () => {
      const [session] = await listSessions(db, { accountId: account });
      const rows = await db.selectFrom('documents').select('payload').where('model', '=', 'Session').where('uid', '=', session?.id ?? '').execute();
      const began = rows.map(({ payload }) => (JSON.parse(payload) as { loginTs: number }).loginTs);
      expect(began).toEqual([(session?.expires_at ?? 0) - at.host(ib).realm.ttl.session]);
      return session?.expires_at ?? 0;
    };
    const first = await ends();
    at.advance(600);
    await updateAccount(db, account, { phone: null });
    const page = await ask(low, browser);
    expect(page.step).toBe('profile');
    expect((await browser.submit(page, profile)).answer['code']).toBeDefined();
    expect(await ends()).toBe(first);
    at.advance(10);
    await login(high, browser, 'loa3');
    expect(await ends()).toBeGreaterThanOrEqual(first + 610);
    const second = await ends();
    await enter(low, browser);
    expect(await ends()).toBe(second);
  });

  test('a code made on a session says its level as it was then, at userinfo and after refresh too', async () => {
    const browser = at.browser();
    const tokens = await login(low, browser, 'loa2');
    await login(high, browser, 'loa3');
    expect(await low.introspect(tokens.access_token)).toMatchObject({ active: true });
    const again = await low.refresh(tokens.refresh_token ?? '');
    expect(JSON.parse(Buffer.from((again.id_token ?? '').split('.')[1] ?? '', 'base64url').toString())).toMatchObject({ acr: acr.eh2 });
  });
});

describe('a level that the organisation asks', () => {
  test('above the portal\'s: the first login is refused with the reason, the second is asked of the broker and gets in', async () => {
    await minimum('eh3');
    const browser = at.browser();
    const started = await low.start();
    const end = await show(browser, await browser.get(started.url), 'loa2');
    expect([end.status, end.end]).toEqual([403, 'level_too_low']);
    expect(end.html).toContain('Gemeente Lissendam wil dat u inlogt met een inlogmiddel van minimaal niveau 3');
    const again = await browser.submit(end, { action: 'restart' });
    expect(again.step).toBe('broker');
    expect(again.html).toContain('minimaal niveau 3');
    const left = await browser.submit(again, { broker: 'rpn' });
    expect(inflateRawSync(Buffer.from(new URL(left.location ?? '').searchParams.get('SAMLRequest') ?? '', 'base64')).toString()).toContain('assurance-class:loa3');
    expect((await low.finish(started, await show(browser, await browser.get(again.url), 'loa3'))).claims.acr).toBe(acr.eh3);
    expect(await silently(low, browser)).toBe('code');
  });

  test('who gives up there is answered as the standard says', async () => {
    await minimum('eh3');
    const browser = at.browser();
    const end = await show(browser, await ask(low, browser), 'loa2');
    expect((await browser.submit(end, { action: 'cancel' })).answer).toMatchObject({ error: 'unmet_authentication_requirements' });
  });

  test('somebody who comes for the first time gets to the first page of a newcomer', async () => {
    await minimum('eh3');
    const [browser, someone] = [at.browser(), newcomer()];
    const end = await show(browser, await ask(low, browser), 'loa2', someone);
    expect(end.end).toBe('level_too_low');
    const page = await show(browser, await browser.submit(end, { action: 'restart' }), 'loa3', someone);
    expect(page.step).toBe('profile');
    expect((await browser.submit(page, profile)).step).toBe('verification-code');
  });

  test('raised while somebody is signed in, it counts at once: silent, at userinfo, introspection and refresh', async () => {
    const browser = at.browser();
    const tokens = await login(low, browser, 'loa2');
    expect((await low.userinfo(tokens.access_token)).status).toBe(200);
    await minimum('eh3');
    expect(await silently(low, browser)).toBe('login_required');
    expect((await low.userinfo(tokens.access_token)).status).toBe(401);
    expect(await low.introspect(tokens.access_token)).toEqual({ active: false });
    await expect(low.refresh(tokens.refresh_token ?? '')).rejects.toMatchObject({ error: 'invalid_grant' });
    // and once it is shown, everything is well
    expect((await login(low, browser, 'loa3')).claims.acr).toBe(acr.eh3);
  });

  test('which nobody can reach: the portal hears so, with and without a page, and nothing loops', async () => {
    const browser = at.browser();
    await login(low, browser, 'loa3');
    await minimum('gone');
    for (const params of [{}, { prompt: 'none' }, { prompt: 'login' }]) expect((await ask(low, browser, params)).answer['error']).toBe('unmet_authentication_requirements');
    // who has no session is known only after the broker: then the page offers no other try
    const fresh = at.browser();
    const end = await show(fresh, await ask(low, fresh), 'loa4');
    expect([end.end, end.html.includes('value="restart"'), end.html.includes('value="cancel"')]).toEqual(['level_too_low', false, true]);
    const main = /<main[^]*<\/main>/.exec(end.html)?.[0] ?? '';
    expect(main).toContain('U kunt hier nu niet inloggen');
    expect(main).not.toMatch(/\bgone\b|sterker inlogmiddel|Nodig:|niveau/);
    expect((await fresh.submit(end, { action: 'cancel' })).answer['error']).toBe('unmet_authentication_requirements');
  });
});

describe('a level that the client asks', () => {
  test('counts above its portal\'s, in a run and silently; the other client of the portal stays as it was', async () => {
    const strict = await ibClient(at, 'werk-en-inkomen', 'strict', { level: 'eh3' });
    const browser = at.browser();
    await login(low, browser, 'loa2');
    expect([await silently(low, browser), await silently(strict, browser)]).toEqual(['code', 'login_required']);
    expect((await login(strict, browser, 'loa3')).claims.acr).toBe(acr.eh3);
  });

  test('raised later, its tokens no longer work, those of another client do; a lower one lowers nothing', async () => {
    const later = await ibClient(at, 'werk-en-inkomen', 'later');
    const browser = at.browser();
    const [of, other] = [await login(later, browser, 'loa2'), await enter(low, browser)];
    const raise = (level: string) => ibClient(at, 'werk-en-inkomen', 'later', { level });
    await raise('eh3');
    expect([(await later.userinfo(of.access_token)).status, (await low.userinfo(other.access_token)).status]).toEqual([401, 200]);
    // the introspecting client may be the other one of the portal: the token's own client counts
    expect([await low.introspect(of.access_token), await low.introspect(other.access_token)]).toMatchObject([{ active: false }, { active: true }]);
    const lax = await ibClient(at, 'portaal-zorg', 'lax', { level: 'eh2' });
    expect(await silently(lax, browser)).toBe('login_required');
  });

  test('that is not in the ladder (any more) lets nobody in', async () => {
    await register(at, ib, 'werk-en-inkomen', { client_id: 'lost', jwks_uri: 'https://portaal.example/jwks.json', redirect_uris: [low.redirectUri], level: 'gone' });
    const { url } = await low.start({ client_id: 'lost' });
    expect((await at.browser().get(url)).answer['error']).toBe('unmet_authentication_requirements');
  });
});

describe('a level that the request asks', () => {
  test('claims: an essential acr is reached exactly or higher', async () => {
    const browser = at.browser();
    await login(low, browser, 'loa2');
    expect(await silently(low, browser, essential(acr.eh2))).toBe('code');
    expect(await silently(low, browser, essential(acr.eh3))).toBe('login_required');
    expect((await login(low, browser, 'loa3', essential(acr.eh3))).claims.acr).toBe(acr.eh3);
    expect((await enter(low, browser, essential(acr.eh2))).claims.acr).toBe(acr.eh3);
    expect(await silently(low, browser, essential(acr.eh4, acr.eh3))).toBe('code');
    expect(await silently(low, browser, essential(acr.eh4))).toBe('login_required');
  });

  test('claims: below it the login is refused, and the portal hears why', async () => {
    const browser = at.browser();
    const end = await show(browser, await ask(low, browser, essential(acr.eh3)), 'loa2');
    expect(end.end).toBe('level_too_low');
    expect((await browser.submit(end, { action: 'cancel' })).answer).toMatchObject({ error: 'unmet_authentication_requirements', iss: `${at.url}/${ib}` });
  });

  test('claims: a voluntary acr that nobody knows asks nothing', async () => {
    const claims = JSON.stringify({ id_token: { acr: { values: ['urn:nobody'] } } });
    expect((await cakLogin(cak, at.browser(), { params: { claims } })).claims.acr).toBe(acr.sfa);
  });

  test.each([
    ['an essential acr that the realm does not know', () => essential('urn:nobody')], ['an essential acr of another realm', () => essential(acr.eh3)],
    ['an essential acr that no way in reaches', () => essential(acr.mfa)], ['acr_values that no way in reaches', () => ({ acr_values: acr.mfa })],
  ])('%s is answered at once, with a session, without one, and silently', async (_, params) => {
    const browser = at.browser();
    for (let turn = 0; turn < 2; turn += 1) {
      for (const prompt of [undefined, 'none', 'login']) {
        const page = await ask(cak, browser, { ...params(), prompt });
        expect(page.answer).toMatchObject({ error: 'unmet_authentication_requirements', iss: `${at.url}/cak`, state: expect.any(String) });
      }
      await cakLogin(cak, browser);
    }
  });

  test.each(['{"id_token":{"acr":"x"}}', '{"id_token":{"acr":{"essential":true,"values":"x"}}}', '{"id_token":[]}', '[]', '{', '{"id_token":{"acr":{"value":3}}}'])('claims %s is an invalid request, not a weaker one', async (claims) => {
    expect((await ask(cak, at.browser(), { claims })).answer['error']).toBe('invalid_request');
  });

  test('claims: what is named one by one comes along, as far as the client may ask it; amr never does', async () => {
    const claims = JSON.stringify({ id_token: { roles: null, email: null, amr: null }, userinfo: { phone_number: null } });
    const narrow = await cakClient(at, 'narrow', { scope: 'openid roles phone' });
    const tokens = await cakLogin(narrow, at.browser(), { params: { scope: 'openid', claims } });
    expect(tokens.claims['roles']).toContain('bestanden:gebruiker');
    for (const name of ['email', 'amr', 'phone_number', 'name']) expect(tokens.claims).not.toHaveProperty(name);
    expect(await (await narrow.userinfo(tokens.access_token)).json()).toMatchObject({ phone_number: '+31600000201' });
  });
});

test('a portal whose level lies beyond every way in answers at once, and never begins a login', async () => {
  const portal = at.host('cak').realm.portals.find(({ id }) => id === 'mijn-cak-zakelijk')!;
  const before = portal.level;
  const browser = at.browser();
  const { access_token } = await cakLogin(cak, browser);
  try {
    // such a configuration is refused at the start; what the server answers must not rest on that
    portal.level = 'two-factor';
    for (const one of [browser, at.browser()]) {
      for (const prompt of [undefined, 'none', 'login']) expect((await ask(cak, one, { prompt })).answer['error']).toBe('unmet_authentication_requirements');
    }
    expect((await cak.userinfo(access_token)).status).toBe(401);
  } finally {
    portal.level = before;
  }
  expect(await silently(cak, browser)).toBe('code');
});
