import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { updateAccount } from '../../src/store/accounts.ts';
import { install, type Install } from '../support/install.ts';
import { arrive, asClient, ib, login, person, portals, redeem, subjectAt, throughBroker, token, verifier } from '../support/journeys.ts';

const portal = 'werk-en-inkomen';
const callback = `${portals}/${portal}/callback`;

describe('codes, tokens and sessions', () => {
  let sluis: Install;
  beforeAll(async () => { sluis = await install(); }, 60_000);
  afterAll(() => sluis?.stop());

  const loggedIn = async (): Promise<string> => (await login(sluis, sluis.browser(), 'ib-user')).answer['code'] ?? '';

  test('an authorization code redeemed twenty times at once gives tokens once', async () => {
    const code = await loggedIn();
    const all = await Promise.all(Array.from({ length: 20 }, () => redeem(sluis, portal, code)));
    expect(all.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(new Set(all.filter(({ status }) => status !== 200).map(({ status, body }) => `${status} ${String(body['error'])}`))).toEqual(new Set(['400 invalid_grant']));
  });

  test('a code that leaked and is tried again takes the tokens of the first redemption with it', async () => {
    const code = await loggedIn();
    const { body } = await redeem(sluis, portal, code);
    expect((await redeem(sluis, portal, code)).body['error']).toBe('invalid_grant');
    expect((await asClient(sluis, ib, portal, 'token/introspection', { token: String(body['access_token']) })).body).toEqual({ active: false });
  });

  test('a refresh token used twenty times at once gives tokens once', async () => {
    const { body } = await redeem(sluis, portal, await loggedIn());
    const refresh_token = String(body['refresh_token']);
    const all = await Promise.all(Array.from({ length: 20 }, () => token(sluis, portal, { grant_type: 'refresh_token', refresh_token })));
    expect(all.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(all.filter(({ body: { error } }) => error === 'invalid_grant')).toHaveLength(19);
  });

  test.each([
    ['a wrong code', { code: 'nonsense' }, 'invalid_grant'],
    ['a NUL character in the code', { code: 'a\u0000b' }, 'invalid_grant'],
    ['another proof key', { code_verifier: 'a'.repeat(43) }, 'invalid_grant'],
    ['another redirect URI', { redirect_uri: `${portals}/mijn-cak-zakelijk/callback` }, 'invalid_grant'],
  ])('%s at the token endpoint is refused with a standard error', async (_name, changes, error) => {
    const fields = { grant_type: 'authorization_code', code: await loggedIn(), redirect_uri: callback, code_verifier: verifier, ...changes };
    const { status, body } = await token(sluis, portal, fields);
    expect([status, body['error']]).toEqual([400, error]);
  });

  test('SSO: a second portal asks nothing of who is logged in, and everything again once the account is locked', async () => {
    const browser = sluis.browser();
    const code = (await login(sluis, browser, 'ib-user')).answer['code'] ?? '';
    const { body } = await redeem(sluis, portal, code);
    expect((await arrive(browser, 'portaal-zorg')).answer['code']).toBeTruthy();
    const accountId = person('ib-user').account?.id ?? '';
    const { db } = sluis.host(ib).database;
    await updateAccount(db, accountId, { status: 'locked' });
    try {
      const again = await arrive(browser, 'portaal-zorg');
      expect(again.answer['code']).toBeUndefined();
      expect([again.status, again.end]).toEqual([403, 'account_inactive']);
      expect((await arrive(browser, 'portaal-zorg', { prompt: 'none' })).answer).toMatchObject({ error: 'login_required', state: 'st-1' });
      expect((await token(sluis, portal, { grant_type: 'refresh_token', refresh_token: String(body['refresh_token']) })).body['error']).toBe('invalid_grant');
      const userinfo = await fetch(`${sluis.url}/${ib}/me`, { headers: { authorization: `Bearer ${String(body['access_token'])}` } });
      expect(userinfo.status).toBe(401);
      expect((await asClient(sluis, ib, portal, 'token/introspection', { token: String(body['access_token']) })).body).toEqual({ active: false });
    } finally {
      await updateAccount(db, accountId, { status: 'active' });
    }
  });

  test('logging out ends the session: the tokens die and the next visit asks who it is', async () => {
    const browser = sluis.browser();
    const { body } = await redeem(sluis, portal, (await login(sluis, browser, 'ib-user')).answer['code'] ?? '');
    const question = await browser.get(`/${ib}/session/end?client_id=${portal}&post_logout_redirect_uri=${encodeURIComponent(`${portals}/${portal}/`)}`);
    expect((await browser.submit(question, { logout: 'yes' })).location).toMatch(`${portals}/${portal}/`);
    expect((await arrive(browser)).step).toBe('broker');
    expect((await asClient(sluis, ib, portal, 'token/introspection', { token: String(body['access_token']) })).body).toEqual({ active: false });
    expect((await token(sluis, portal, { grant_type: 'refresh_token', refresh_token: String(body['refresh_token']) })).body['error']).toBe('invalid_grant');
  });

  test('somebody else who logs in at the same browser gets an own session; nothing of the first person is lent to them', async () => {
    const browser = sluis.browser();
    const first = await redeem(sluis, portal, (await login(sluis, browser, 'ib-user')).answer['code'] ?? '');
    const page = await arrive(browser, portal, { prompt: 'login' });
    const second = await redeem(sluis, portal, (await throughBroker(sluis, browser, page, 'ib-admin')).answer['code'] ?? '');
    const subjects = await Promise.all([first, second].map(({ body }) => subjectOf(String(body['access_token']))));
    const administrator = await subjectAt(sluis, ib, portal, person('ib-admin').account?.id ?? '');
    expect(subjects[1]).toBe(administrator);
    // the first person's session is over, and the tokens with it
    expect(subjects[0]).toBeUndefined();
    const third = await redeem(sluis, portal, (await arrive(browser)).answer['code'] ?? '');
    expect(await subjectOf(String(third.body['access_token']))).toBe(administrator);
  });

  async function subjectOf(accessToken: string): Promise<unknown> {
    const response = await fetch(`${sluis.url}/${ib}/me`, { headers: { authorization: `Bearer ${accessToken}` } });
    return response.status === 200 ? (await response.json() as { sub: string }).sub : undefined;
  }
});
