import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import * as oauth from 'oauth4webapi';
import { updateAccount } from '../../src/store/accounts.ts';
import { setRoles } from '../../src/store/memberships.ts';
import { hashSecret } from '../../src/oidc/clients.ts';
import { install, type Install } from '../support/install.ts';
import { asClient, person } from '../support/journeys.ts';
import { cakClient, cakLogin, callback, insecure, register, RelyingParty, type Tokens } from '../support/relying-party.ts';

let at: Install;
let rp: RelyingParty;
beforeAll(async () => {
  at = await install();
  rp = await cakClient(at, 'rp');
}, 60_000);
afterAll(() => at?.stop());

const issuer = (): string => `${at.url}/cak`;
const post = async (endpoint: string, fields: Record<string, string>, headers: Record<string, string> = {}) => {
  const response = await fetch(`${issuer()}/${endpoint}`, { method: 'POST', headers, body: new URLSearchParams(fields) });
  return { status: response.status, headers: response.headers, body: JSON.parse(await response.text() || '{}') as Record<string, unknown> };
};
const basic = (id: string, secret: string) => ({ authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` });
const secretOf = (id: string): string => `secret-of-${id}-that-is-long-enough`;

/** Locks somebody for the length of a test. */
async function locked(sub: string, work: () => Promise<void>): Promise<void> {
  const { db } = at.host('cak').database;
  await updateAccount(db, sub, { status: 'locked' });
  try {
    await work();
  } finally {
    await updateAccount(db, sub, { status: 'active' });
  }
}

describe('refresh', () => {
  test('gives new tokens and a new refresh token; the claims are those of now', async () => {
    const first = await cakLogin(rp, at.browser(), { who: 'cak-twin' });
    const membership = person('cak-twin').membership!.id;
    await setRoles(at.host('cak').database.db, membership, [{ application: 'vrijstellingen-2019', role: 'gebruiker', assigned_by: 'x', assigned_at: 1 }]);
    const second = await rp.refresh(first.refresh_token ?? '');
    expect(second.refresh_token).not.toBe(first.refresh_token);
    expect(second.access_token).not.toBe(first.access_token);
    expect(oauth.getValidatedIdTokenClaims(second)).toMatchObject({ sub: first.claims.sub, auth_time: first.claims.auth_time, acr: first.claims['acr'], roles: ['vrijstellingen-2019:gebruiker'], organisation: { name: 'Thuiszorg Veldzicht' } });
    await setRoles(at.host('cak').database.db, membership, [{ application: 'bestanden', role: 'gebruiker', assigned_by: 'x', assigned_at: 1 }]);
  });

  test('a refresh token that is used again takes all tokens of its login with it', async () => {
    const first = await cakLogin(rp, at.browser());
    const second = await rp.refresh(first.refresh_token ?? '');
    await expect(rp.refresh(first.refresh_token ?? '')).rejects.toMatchObject({ error: 'invalid_grant' });
    await expect(rp.refresh(second.refresh_token ?? '')).rejects.toMatchObject({ error: 'invalid_grant' });
    expect((await rp.userinfo(second.access_token)).status).toBe(401);
  });

  test('another client cannot use it', async () => {
    const { refresh_token } = await cakLogin(rp, at.browser());
    const other = await cakClient(at, 'thief');
    await expect(other.refresh(refresh_token ?? '')).rejects.toMatchObject({ error: 'invalid_grant' });
  });

  test('scopes can be left out, not added', async () => {
    const { refresh_token } = await cakLogin(rp, at.browser(), { params: { scope: 'openid roles' } });
    expect((await post('token', { grant_type: 'refresh_token', refresh_token: refresh_token ?? '', scope: 'openid roles email' }, basic('rp', secretOf('rp')))).body['error']).toBe('invalid_scope');
  });

  test('a locked account gets no new tokens, and its access token opens nothing', async () => {
    const { access_token, refresh_token, claims } = await cakLogin(rp, at.browser());
    await locked(claims.sub, async () => {
      await expect(rp.refresh(refresh_token ?? '')).rejects.toMatchObject({ error: 'invalid_grant' });
      expect((await rp.userinfo(access_token)).status).toBe(401);
      expect(await rp.introspect(access_token)).toEqual({ active: false });
    });
  });

  test('who lost every role at this portal gets no new tokens', async () => {
    const first = await cakLogin(rp, at.browser(), { who: 'cak-twin' });
    const { db } = at.host('cak').database;
    const membership = person('cak-twin').membership!.id;
    await setRoles(db, membership, []);
    try {
      await expect(rp.refresh(first.refresh_token ?? '')).rejects.toMatchObject({ error: 'invalid_grant' });
    } finally {
      await setRoles(db, membership, [{ application: 'bestanden', role: 'gebruiker', assigned_by: 'x', assigned_at: 1 }]);
    }
  });
});

describe('what a client can find out and take back', () => {
  test('introspection tells a client of the own portal, and nobody else', async () => {
    const { access_token, claims } = await cakLogin(rp, at.browser());
    expect(await rp.introspect(access_token)).toMatchObject({ active: true, sub: claims.sub, client_id: 'rp', iss: issuer() });
    const neighbour = await cakClient(at, 'same-portal');
    expect(await neighbour.introspect(access_token)).toMatchObject({ active: true });
    expect((await asClient(at, 'inlichtingenbureau', 'werk-en-inkomen', 'token/introspection', { token: access_token })).body).toEqual({ active: false });
    expect((await post('token/introspection', { token: access_token })).status).toBe(400);
    expect(await rp.introspect('nonsense')).toEqual({ active: false });
  });

  test('revocation ends a token and what came with it; a foreign token is left alone', async () => {
    const tokens = await cakLogin(rp, at.browser());
    const stranger = await cakClient(at, 'stranger');
    await stranger.revoke(tokens.access_token).catch(() => undefined);
    expect((await rp.userinfo(tokens.access_token)).status).toBe(200);
    await rp.revoke(tokens.refresh_token ?? '');
    await expect(rp.refresh(tokens.refresh_token ?? '')).rejects.toMatchObject({ error: 'invalid_grant' });
    await rp.revoke('nonsense');
  });
});

describe('logging out', () => {
  const endUrl = ({ id_token }: Tokens, more: Record<string, string> = {}): string => `/cak/session/end?${new URLSearchParams({ id_token_hint: id_token, ...more }).toString()}`;

  test('asks first, then goes back to the portal with its state; session and tokens are over', async () => {
    const browser = at.browser();
    const tokens = await cakLogin(rp, browser);
    const sessions = async () => (await at.host('cak').database.db.selectFrom('sessions').select('id').execute()).length;
    const before = await sessions();
    const page = await browser.get(endUrl(tokens, { post_logout_redirect_uri: 'http://localhost:9/bye', state: 's1' }));
    expect(page.html).toContain('op.logoutForm');
    expect(page.html).toContain('Mijn CAK Zakelijk');
    expect(page.headers.get('content-security-policy')).toContain("form-action 'self' http://localhost:9");
    // asking is not yet doing
    expect((await rp.userinfo(tokens.access_token)).status).toBe(200);
    const out = await browser.submit(page, { logout: 'yes' });
    expect(out.location).toBe('http://localhost:9/bye?state=s1');
    expect((await rp.userinfo(tokens.access_token)).status).toBe(401);
    await expect(rp.refresh(tokens.refresh_token ?? '')).rejects.toMatchObject({ error: 'invalid_grant' });
    expect((await browser.get((await rp.start({ prompt: 'none' })).url)).answer['error']).toBe('login_required');
    expect(await sessions()).toBe(before - 1);
  });

  test('without a way back it ends on a page of ours', async () => {
    const browser = at.browser();
    const tokens = await cakLogin(rp, browser);
    const page = await browser.submit(await browser.get(endUrl(tokens)), { logout: 'yes' });
    expect([page.status, page.location]).toEqual([200, undefined]);
    expect(page.html).toContain('U bent uitgelogd');
  });

  test('an address that was not registered is refused, and nothing ends', async () => {
    const browser = at.browser();
    const tokens = await cakLogin(rp, browser);
    const page = await browser.get(endUrl(tokens, { post_logout_redirect_uri: 'http://localhost:9/elsewhere' }));
    expect([page.status, page.location]).toEqual([400, undefined]);
    expect((await rp.userinfo(tokens.access_token)).status).toBe(200);
  });

  test('staying logged in at other portals keeps the session', async () => {
    const browser = at.browser();
    const tokens = await cakLogin(rp, browser);
    await browser.submit(await browser.get(endUrl(tokens)));
    expect((await browser.get((await rp.start({ prompt: 'none' })).url)).answer['code']).toBeDefined();
  });
});

describe('how a client proves itself', () => {
  test('a secret, which is stored only as a hash', async () => {
    await cakClient(at, 'with-secret', { grant_types: ['client_credentials'], redirect_uris: [] });
    const asked = (secret: string) => post('token', { grant_type: 'client_credentials', scope: 'roles' }, basic('with-secret', secret));
    expect((await asked(secretOf('with-secret'))).status).toBe(200);
    const wrong = await asked('wrong');
    expect([wrong.status, wrong.body['error']]).toEqual([401, 'invalid_client']);
    // the hash is no secret either
    expect((await asked(hashSecret(secretOf('with-secret')))).status).toBe(401);
    expect((await asked('')).body).not.toHaveProperty('access_token');
    const rows = JSON.stringify(await at.host('cak').database.db.selectFrom('clients').selectAll().execute());
    expect(rows).not.toContain(secretOf('with-secret'));
  });

  test('client_secret_post; a wrong secret is wrong in either way', async () => {
    const posting = await cakClient(at, 'posting', { token_endpoint_auth_method: 'client_secret_post' });
    expect((await cakLogin(posting, at.browser())).claims.aud).toBe('posting');
    const fields = { grant_type: 'refresh_token', refresh_token: 'x' };
    expect((await post('token', fields, basic('posting', 'wrong'))).body['error']).toBe('invalid_client');
    expect((await post('token', { ...fields, client_id: 'posting', client_secret: 'wrong' })).body['error']).toBe('invalid_client');
    expect((await post('token', { ...fields, client_id: 'posting' })).body['error']).toBe('invalid_client');
    expect((await post('token', { ...fields, client_id: 'posting', client_secret: 'wrong' }, basic('posting', secretOf('posting')))).body['error']).toBe('invalid_request');
  });

  describe('private_key_jwt', () => {
    let keys: CryptoKeyPair;
    const assertion = (id: string, changes: { aud?: string; jti?: string; exp?: number; key?: CryptoKey } = {}) => new SignJWT({})
      .setProtectedHeader({ alg: 'ES256', kid: 'k1' }).setIssuer(id).setSubject(id).setAudience(changes.aud ?? issuer())
      .setJti(changes.jti ?? crypto.randomUUID()).setIssuedAt().setExpirationTime(changes.exp ?? '60s').sign(changes.key ?? keys.privateKey);
    const use = async (jwt: string) => post('token', { grant_type: 'client_credentials', scope: 'roles', client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer', client_assertion: jwt });
    beforeAll(async () => {
      keys = await generateKeyPair('ES256', { extractable: true }) as CryptoKeyPair;
      const jwks = { keys: [{ ...await exportJWK(keys.publicKey), kid: 'k1', alg: 'ES256', use: 'sig' }] };
      await register(at, 'cak', 'mijn-cak-zakelijk', { client_id: 'machine', jwks, grant_types: ['client_credentials'], scope: 'roles' });
      await register(at, 'cak', 'mijn-cak-zakelijk', { client_id: 'with-key', jwks, redirect_uris: [callback] });
    });

    test('a whole login, with nothing secret at the other side', async () => {
      const withKey = await RelyingParty.connect(issuer(), { client_id: 'with-key' }, oauth.PrivateKeyJwt({ key: keys.privateKey, kid: 'k1' }), callback);
      expect((await cakLogin(withKey, at.browser())).claims.aud).toBe('with-key');
    });

    test('an assertion works once, also when it is sent ten times at once', async () => {
      const jwt = await assertion('machine');
      const statuses = (await Promise.all(Array.from({ length: 10 }, () => use(jwt)))).map(({ status }) => status);
      expect(statuses.filter((s) => s === 200)).toHaveLength(1);
      expect(statuses.filter((s) => s >= 500)).toEqual([]);
      const again = await use(jwt);
      expect([again.status, again.body['error']]).toEqual([401, 'invalid_client']);
    });

    test('one with another key, for another server, expired, or for another client is refused', async () => {
      const { privateKey } = await generateKeyPair('ES256') as CryptoKeyPair;
      const bad = [
        await assertion('machine', { key: privateKey }), await assertion('machine', { aud: 'https://elsewhere.example' }),
        await assertion('machine', { exp: Math.floor(Date.now() / 1000) - 120 }), await assertion('nobody'), 'nonsense',
      ];
      for (const jwt of bad) {
        const { status, body } = await use(jwt);
        expect([400, 401]).toContain(status);
        expect(['invalid_client', 'invalid_request']).toContain(body['error']);
      }
    });
  });
});

describe('client_credentials', () => {
  test('gives a token for the machine itself: no person, no ID token, no refresh token, no userinfo', async () => {
    const machine = await cakClient(at, 'nightly', { grant_types: ['client_credentials'], redirect_uris: [], scope: 'roles' });
    const response = await oauth.clientCredentialsGrantRequest(machine.as, machine.client, machine.auth, { scope: 'roles' }, insecure);
    const tokens = await oauth.processClientCredentialsResponse(machine.as, machine.client, response);
    expect(tokens).toMatchObject({ token_type: 'bearer', scope: 'roles' });
    expect(tokens).not.toHaveProperty('id_token');
    expect(tokens).not.toHaveProperty('refresh_token');
    expect(response.headers.get('cache-control')).toContain('no-store');
    expect(await machine.introspect(tokens.access_token)).toMatchObject({ active: true, client_id: 'nightly' });
    expect(await machine.introspect(tokens.access_token)).not.toHaveProperty('sub');
    expect((await machine.userinfo(tokens.access_token)).status).toBe(401);
  });

  test('is for clients that were registered for it, within their scopes', async () => {
    expect((await post('token', { grant_type: 'client_credentials' }, basic('rp', secretOf('rp')))).body).toMatchObject({ error: 'invalid_request', error_description: expect.stringContaining('grant type is not allowed') });
    expect((await post('token', { grant_type: 'client_credentials', scope: 'email' }, basic('nightly', secretOf('nightly')))).body['error']).toBe('invalid_scope');
    expect((await post('token', { grant_type: 'password', username: 'a', password: 'b' }, basic('rp', secretOf('rp')))).body['error']).toBe('unsupported_grant_type');
  });
});
