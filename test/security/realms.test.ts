import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { listAccounts } from '../../src/store/accounts.ts';
import { install, type Install } from '../support/install.ts';
import { arrive, asClient, ib, login, loginCak, portals, redeem, verifier } from '../support/journeys.ts';

describe('the wall between two realms', () => {
  let sluis: Install;
  beforeAll(async () => { sluis = await install(); }, 60_000);
  afterAll(() => sluis?.stop());

  test('a session of one realm means nothing at the other', async () => {
    const browser = sluis.browser();
    expect((await loginCak(browser)).answer['code']).toBeTruthy();
    expect((await arrive(browser)).step).toBe('broker');
    expect((await arrive(browser, 'werk-en-inkomen', { prompt: 'none' })).answer['error']).toBe('login_required');
    expect((await login(sluis, browser, 'ib-user')).answer['code']).toBeTruthy();
    // neither overwrote the other
    expect((await arrive(browser, 'mijn-cak-zakelijk', { prompt: 'none' })).answer['code']).toBeTruthy();
    expect((await arrive(browser, 'werk-en-inkomen', { prompt: 'none' })).answer['code']).toBeTruthy();
  });

  test('a cookie of one realm under the other\'s name opens nothing', async () => {
    const browser = sluis.browser();
    await loginCak(browser);
    browser.cookies = browser.cookies.map((cookie) => ({ ...cookie, name: cookie.name.replace('sluis_cak', `sluis_${ib}`) }));
    expect((await arrive(browser, 'werk-en-inkomen', { prompt: 'none' })).answer['error']).toBe('login_required');
    expect((await arrive(browser)).step).toBe('broker');
  });

  test('logging out of one realm leaves the other logged in', async () => {
    const browser = sluis.browser();
    await loginCak(browser);
    await login(sluis, browser, 'ib-user');
    const question = await browser.get(`/${ib}/session/end?client_id=werk-en-inkomen`);
    await browser.submit(question, { logout: 'yes' });
    expect((await arrive(browser, 'werk-en-inkomen', { prompt: 'none' })).answer['error']).toBe('login_required');
    expect((await arrive(browser, 'mijn-cak-zakelijk', { prompt: 'none' })).answer['code']).toBeTruthy();
  });

  test('a code of one realm is invalid in the other, and a client of one unknown in the other', async () => {
    const code = (await loginCak(sluis.browser())).answer['code'] ?? '';
    const fields = { grant_type: 'authorization_code', code, code_verifier: verifier };
    const foreign = await asClient(sluis, ib, 'werk-en-inkomen', 'token', { ...fields, redirect_uri: `${portals}/werk-en-inkomen/callback` });
    expect([foreign.status, foreign.body['error']]).toEqual([400, 'invalid_grant']);
    const unknown = await asClient(sluis, ib, 'mijn-cak-zakelijk', 'token', { ...fields, redirect_uri: `${portals}/mijn-cak-zakelijk/callback` });
    expect([unknown.status, unknown.body['error']]).toEqual([401, 'invalid_client']);
    expect((await redeem(sluis, 'mijn-cak-zakelijk', code)).status).toBe(200);
  });

  test('a token of one realm is inactive at the other\'s introspection and refused at its userinfo; so is a refresh token', async () => {
    const { body } = await redeem(sluis, 'mijn-cak-zakelijk', (await loginCak(sluis.browser())).answer['code'] ?? '');
    const access = String(body['access_token']);
    expect((await asClient(sluis, 'cak', 'mijn-cak-zakelijk', 'token/introspection', { token: access })).body['active']).toBe(true);
    expect((await asClient(sluis, ib, 'werk-en-inkomen', 'token/introspection', { token: access })).body).toEqual({ active: false });
    expect((await fetch(`${sluis.url}/${ib}/me`, { headers: { authorization: `Bearer ${access}` } })).status).toBe(401);
    expect((await fetch(`${sluis.url}/cak/me`, { headers: { authorization: `Bearer ${access}` } })).status).toBe(200);
    const refreshed = await asClient(sluis, ib, 'werk-en-inkomen', 'token', { grant_type: 'refresh_token', refresh_token: String(body['refresh_token']) });
    expect(refreshed.body['error']).toBe('invalid_grant');
    // revoking at the wrong realm revokes nothing
    await asClient(sluis, ib, 'werk-en-inkomen', 'token/revocation', { token: access });
    expect((await asClient(sluis, 'cak', 'mijn-cak-zakelijk', 'token/introspection', { token: access })).body['active']).toBe(true);
  });

  test('a portal cannot look into another portal\'s tokens within one realm', async () => {
    const { body } = await redeem(sluis, 'werk-en-inkomen', (await login(sluis, sluis.browser(), 'ib-user')).answer['code'] ?? '');
    const { status, body: told } = await asClient(sluis, ib, 'batch-zorg', 'token/introspection', { token: String(body['access_token']) });
    expect([status, told]).toEqual([200, { active: false }]);
  });

  test('a run of one realm is unknown in the other', async () => {
    const browser = sluis.browser();
    const { url, hidden } = await arrive(browser, 'mijn-cak-zakelijk');
    const there = new URL(url).pathname.replace('/cak/', `/${ib}/`);
    expect((await browser.get(there)).end).toBe('session_not_found');
    expect((await browser.post(there, hidden)).end).toBe('session_not_found');
  });

  test('keys, issuers and data are the realm\'s own', async () => {
    const [one, other] = [sluis.host('cak'), sluis.host(ib)];
    expect(one.keys.secret.equals(other.keys.secret)).toBe(false);
    expect(one.keys.cookies).not.toEqual(other.keys.cookies);
    const kids = await Promise.all(['cak', ib].map(async (realm) => {
      const { issuer, jwks_uri } = await (await fetch(`${sluis.url}/${realm}/.well-known/openid-configuration`)).json() as { issuer: string; jwks_uri: string };
      expect(issuer).toBe(`${sluis.url}/${realm}`);
      return (await (await fetch(jwks_uri)).json() as { keys: { kid: string; d?: string }[] }).keys.map((key) => { expect(key).not.toHaveProperty('d'); return key.kid; });
    }));
    expect(kids[0]?.filter((kid) => kids[1]?.includes(kid))).toEqual([]);
    const names = await Promise.all([one, other].map(async ({ database }) => (await listAccounts(database.db, { limit: 100 })).map(({ id }) => id)));
    expect(names[0]?.filter((id) => names[1]?.includes(id))).toEqual([]);
    for (const { realm, system } of [one, other]) {
      const file = join(system.data, `${realm.id}.sqlite`);
      expect(existsSync(file)).toBe(true);
      expect(readFileSync(file).subarray(0, 15).toString()).toBe('SQLite format 3');
    }
  });

  test('cookies are HttpOnly, SameSite, and scoped: a run\'s cookie to its own path', async () => {
    const response = await fetch(`${sluis.url}/cak/auth?${new URLSearchParams({ client_id: 'mijn-cak-zakelijk', redirect_uri: `${portals}/mijn-cak-zakelijk/callback`, response_type: 'code', scope: 'openid', code_challenge: 'a'.repeat(43), code_challenge_method: 'S256' }).toString()}`, { redirect: 'manual' });
    const cookies = response.headers.getSetCookie();
    expect(cookies.length).toBeGreaterThan(0);
    for (const cookie of cookies) expect(cookie).toMatch(/^sluis_cak.*; *httponly/i);
    for (const cookie of cookies) expect(cookie).toMatch(/samesite=lax/i);
    expect(cookies.find((cookie) => cookie.startsWith('sluis_cak_run='))).toMatch(/path=\/cak\/login\/[^;/]+;/);
  });
});
