import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { configuration, type ProviderOptions } from '../../src/oidc/provider.ts';
import { install, type Install } from '../support/install.ts';
import { cakClient, cakLogin, discover, typePassword, type RelyingParty } from '../support/relying-party.ts';

/** What the library leaves open or unsafe by default, read from what runs. */
let at: Install;
let rp: RelyingParty;
beforeAll(async () => {
  at = await install();
  rp = await cakClient(at, 'rp', { allowed_origins: ['https://portal.example'] });
}, 60_000);
afterAll(() => at?.stop());

const secret = 'secret-of-rp-that-is-long-enough';
const basic = (id: string) => ({ authorization: `Basic ${Buffer.from(`${id}:${secret.replace('rp', id)}`).toString('base64')}` });

describe('the configuration of the provider', () => {
  test('names every setting whose default is unsafe', () => {
    const { realm, keys, engine, database, clock } = at.host('cak');
    const settings = configuration({ realm, keys, engine, database, clock, demo: false, pages: {} } as unknown as ProviderOptions) as Record<string, unknown>;
    expect(settings).toMatchObject({ responseTypes: ['code'], scopes: ['openid'], allowOmittingSingleRegisteredRedirectUri: false, enableHttpPostMethods: false, rotateRefreshToken: true, conformIdTokenClaims: false });
    expect(settings['clientAuthMethods']).toEqual(['private_key_jwt', 'client_secret_basic', 'client_secret_post']);
    for (const name of ['adapter', 'jwks', 'findAccount', 'loadExistingGrant', 'renderError', 'pairwiseIdentifier', 'clientBasedCORS', 'issueRefreshToken', 'extraTokenClaims']) expect([name, settings[name]]).not.toEqual([name, undefined]);
    const { keys: cookieKeys, long, short } = settings['cookies'] as { keys: string[]; long: object; short: object };
    expect(cookieKeys.length).toBeGreaterThan(0);
    for (const options of [long, short]) expect(options).toMatchObject({ httpOnly: true, sameSite: 'lax', signed: true });
  });

  test('switches every feature itself that is on by default, and one experiment: keys that sign by themselves', () => {
    const { realm, keys, engine, database, clock } = at.host('cak');
    const { features } = configuration({ realm, keys, engine, database, clock, demo: false, pages: {} } as unknown as ProviderOptions);
    const on = Object.entries(features ?? {}).filter(([, feature]) => (feature as { enabled?: boolean }).enabled).map(([name]) => name);
    expect(on.toSorted()).toEqual(['backchannelLogout', 'claimsParameter', 'clientCredentials', 'dPoP', 'encryption', 'externalSigningSupport', 'introspection', 'jwtUserinfo', 'pushedAuthorizationRequests', 'requestObjects', 'resourceIndicators', 'revocation', 'rpInitiatedLogout', 'userinfo']);
    expect(features?.devInteractions).toEqual({ enabled: false });
  });

  test('has a lifetime for every kind that is issued: positive whole seconds', () => {
    const { realm, keys, engine, database, clock } = at.host('cak');
    const { ttl } = configuration({ realm, keys, engine, database, clock, demo: false, pages: {} } as unknown as ProviderOptions);
    for (const name of ['AccessToken', 'AuthorizationCode', 'ClientCredentials', 'RefreshToken', 'IdToken', 'Interaction', 'Session', 'Grant'] as const) {
      const value = ttl?.[name] as unknown;
      const seconds = typeof value === 'function' ? (value as (ctx: unknown, model: object) => number)({}, {}) : value;
      expect([name, Number.isInteger(seconds) && Number(seconds) > 0 && Number(seconds) <= 28_800]).toEqual([name, true]);
    }
  });
});

describe('the documents', () => {
  test.each([['cak', 3600], ['inlichtingenbureau', 604_800]])('of %s may be kept %d seconds, and are there for any page', async (realm, seconds) => {
    for (const path of ['.well-known/openid-configuration', '.well-known/oauth-authorization-server', 'jwks']) {
      const response = await fetch(`${at.url}/${realm}/${path}`, { headers: { origin: 'https://anywhere.example' } });
      expect([path, response.status, response.headers.get('cache-control')]).toEqual([path, 200, `public, max-age=${seconds}`]);
      expect(response.headers.get('access-control-allow-origin')).toBe('https://anywhere.example');
    }
  });

  test('the discovery document is signed, with the same contents', async () => {
    const { signed_metadata: signed, ...plain } = await discover(`${at.url}/cak`) as Record<string, unknown>;
    const { payload } = await jwtVerify(String(signed), createRemoteJWKSet(new URL(`${at.url}/cak/jwks`)), { issuer: `${at.url}/cak` });
    expect(payload).toMatchObject(plain);
  });

  test('offer nothing weak: no secret for algorithms, RSA1_5, CBC, plain or none', async () => {
    for (const realm of ['cak', 'inlichtingenbureau']) {
      // of prompts 'none' is a good one; the signed copy says the same
      const { prompt_values_supported: _, signed_metadata: __, ...found } = await discover(`${at.url}/${realm}`) as Awaited<ReturnType<typeof discover>> & Record<string, unknown>;
      expect(JSON.stringify(found)).not.toMatch(/"HS\d|RSA1_5|CBC|"none"|"plain"|"A\d+KW|"dir"|client_secret_jwt|fragment \w|device|ciba|registration_endpoint/);
      expect(found.id_token_encryption_enc_values_supported).toEqual(['A256GCM']);
    }
  });

  test('every published key says its algorithm, and each once', async () => {
    const { keys } = await (await fetch(`${at.url}/cak/jwks`)).json() as { keys: Record<string, string>[] };
    expect(keys.map(({ use, alg }) => `${use} ${alg}`).slice(0, 5)).toEqual(['sig ES256', 'sig RS256', 'sig PS256', 'enc RSA-OAEP-256', 'enc RSA-OAEP']);
    expect(new Set(keys.map(({ kid }) => kid)).size).toBe(keys.length);
  });
});

describe('pages of other origins (CORS)', () => {
  const fromOrigin = (origin: string, token: string) => fetch(`${at.url}/cak/me`, { headers: { authorization: `Bearer ${token}`, origin } });

  test('read userinfo and call for tokens only from an origin that the client registered', async () => {
    const { access_token, refresh_token = '' } = await cakLogin(rp, at.browser());
    const [own, foreign] = [await fromOrigin('https://portal.example', access_token), await fromOrigin('https://evil.example', access_token)];
    expect([own.status, own.headers.get('access-control-allow-origin')]).toEqual([200, 'https://portal.example']);
    expect([foreign.status, foreign.headers.get('access-control-allow-origin')]).toEqual([400, null]);
    const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token });
    expect((await fetch(`${at.url}/cak/token`, { method: 'POST', headers: { ...basic('rp'), origin: 'https://evil.example' }, body })).status).toBe(400);
    expect((await fetch(`${at.url}/cak/token`, { method: 'POST', headers: { ...basic('rp'), origin: 'https://portal.example' }, body })).status).toBe(200);
  });
});

describe('requests by POST', () => {
  test('a login: the same as by GET, and with the session that the browser has', async () => {
    const browser = at.browser();
    const started = await rp.start();
    const page = await browser.postOnly('/cak/auth', Object.fromEntries(new URL(started.url).searchParams));
    expect([page.status, new URL(page.location ?? '').search]).toEqual([303, new URL(started.url).search]);
    const first = await rp.finish(started, await typePassword(browser, await browser.follow(page)));
    const again = await rp.start({ prompt: 'none' });
    const silent = await browser.post('/cak/auth', Object.fromEntries(new URL(again.url).searchParams));
    expect((await rp.finish(again, silent)).claims.sub).toBe(first.claims.sub);
  });

  test('a logout', async () => {
    const browser = at.browser();
    const { id_token } = await cakLogin(rp, browser);
    const page = await browser.post('/cak/session/end', { id_token_hint: id_token });
    expect((await browser.submit(page, { logout: 'yes' })).html).toContain('U bent uitgelogd');
  });

  test('one too long for an address is refused, and anywhere else more than 56 KiB', async () => {
    expect((await at.browser().postOnly('/cak/auth', { state: 'x'.repeat(9000) })).status).toBe(413);
    const large = await fetch(`${at.url}/cak/token`, { method: 'POST', headers: basic('rp'), body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: 'x'.repeat(57 * 1024) }) });
    expect([large.status, (await large.json() as { error: string }).error]).toEqual([400, 'invalid_request']);
  });
});

test('an expired secret is refused, whoever knows it', async () => {
  await cakClient(at, 'expired', { grant_types: ['client_credentials'], redirect_uris: [], client_secret_expires_at: Math.floor(Date.now() / 1000) - 60 });
  await cakClient(at, 'lasting', { grant_types: ['client_credentials'], redirect_uris: [], client_secret_expires_at: Math.floor(Date.now() / 1000) + 600 });
  const ask = (id: string) => fetch(`${at.url}/cak/token`, { method: 'POST', headers: basic(id), body: new URLSearchParams({ grant_type: 'client_credentials' }) });
  expect((await ask('lasting')).status).toBe(200);
  expect(await (await ask('expired')).json()).toEqual({ error: 'invalid_client', error_description: expect.stringContaining('expired') });
});
