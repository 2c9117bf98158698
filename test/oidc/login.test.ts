import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { decodeProtectedHeader } from 'jose';
import { allowInsecureRequests, authorizationCodeGrant, buildAuthorizationUrl, calculatePKCECodeChallenge, ClientSecretBasic, discovery, fetchUserInfo, randomPKCECodeVerifier } from 'openid-client';
import { updateAccount } from '../../src/store/accounts.ts';
import { install, type Install } from '../support/install.ts';
import { login as loginIb, person, throughBroker } from '../support/journeys.ts';
import { cakClient, cakLogin, callback, discover, RelyingParty, typePassword } from '../support/relying-party.ts';
import * as oauth from 'oauth4webapi';

let at: Install;
let rp: RelyingParty;
beforeAll(async () => {
  at = await install();
  rp = await cakClient(at, 'rp');
}, 60_000);
afterAll(() => at?.stop());

describe('discovery', () => {
  test('every address is on the issuer, and nothing weak is offered', async () => {
    for (const realm of ['cak', 'inlichtingenbureau']) {
      const issuer = `${at.url}/${realm}`;
      const found = await discover(issuer) as unknown as Record<string, unknown>;
      expect(found['issuer']).toBe(issuer);
      for (const [name, value] of Object.entries(found)) if (/_endpoint$|_uri$/.test(name)) expect(String(value).startsWith(`${issuer}/`)).toBe(true);
      expect(found).toMatchObject({
        response_types_supported: ['code'], code_challenge_methods_supported: ['S256'], authorization_response_iss_parameter_supported: true,
        subject_types_supported: ['public', 'pairwise'], claims_parameter_supported: true,
      });
      expect(found['token_endpoint_auth_methods_supported']).toEqual(realm === 'cak' ? ['private_key_jwt', 'client_secret_basic', 'client_secret_post'] : ['private_key_jwt']);
      expect(JSON.stringify({ ...found, prompt_values_supported: [] })).not.toMatch(/"none"|"HS256"|implicit|"plain"|id_token token/);
      expect(found['grant_types_supported']).not.toContain('password');
      expect(new Set(found['id_token_signing_alg_values_supported'] as string[])).toEqual(new Set(['ES256', 'RS256', 'PS256']));
      expect(found['scopes_supported']).toEqual(expect.arrayContaining(['openid', 'profile', 'email', 'phone', 'organisation', 'roles']));
    }
  });

  test('the keys are public, of both kinds, and of each realm its own', async () => {
    const keysOf = async (realm: string) => (await (await fetch(`${at.url}/${realm}/jwks`)).json() as { keys: Record<string, string>[] }).keys;
    const [cak, ib] = [await keysOf('cak'), await keysOf('inlichtingenbureau')];
    expect(new Set(cak.map((key) => key['kty']))).toEqual(new Set(['EC', 'RSA']));
    for (const key of [...cak, ...ib]) for (const secret of ['d', 'p', 'q', 'dp', 'dq', 'qi']) expect(key).not.toHaveProperty(secret);
    expect(cak.map((k) => k['kid']).filter((kid) => ib.some((k) => k['kid'] === kid))).toEqual([]);
  });
});

describe('ALL-1 an ordinary client', () => {
  test('ALL-1 needs nothing but the issuer, a client id and its credential', async () => {
    // openid-client, with no more than these three
    const config = await discovery(new URL(`${at.url}/cak`), 'rp', undefined, ClientSecretBasic('secret-of-rp-that-is-long-enough'), { execute: [allowInsecureRequests] });
    const pkceCodeVerifier = randomPKCECodeVerifier();
    const url = buildAuthorizationUrl(config, { redirect_uri: callback, scope: 'openid organisation roles', code_challenge: await calculatePKCECodeChallenge(pkceCodeVerifier), code_challenge_method: 'S256' });
    const browser = at.browser();
    const page = await typePassword(browser, await browser.get(url.href));
    const tokens = await authorizationCodeGrant(config, new URL(page.location ?? ''), { pkceCodeVerifier });
    const { account, organisation_id: organisation } = person('cak-active');
    expect(tokens.claims()).toMatchObject({
      iss: `${at.url}/cak`, aud: 'rp', sub: account?.id, acr: 'https://refeds.org/profile/sfa',
      organisation: { id: organisation, name: 'Zorggroep Rietoever', identifiers: { relation_number: '100231', agb: '41990101', kvk: '99990201' } },
      roles: expect.arrayContaining(['bestanden:gebruiker', 'wmo-abonnementstarief:gebruiker']) as unknown,
    });
    expect(await fetchUserInfo(config, tokens.access_token, account?.id ?? '')).toMatchObject({ organisation: { id: organisation } });
  });

  test('ALL-1 a client of the configuration files is no different', async () => {
    const started = await RelyingParty.connect(`${at.url}/inlichtingenbureau`, { client_id: 'werk-en-inkomen' }, oauth.PrivateKeyJwt(at.clientKey), 'http://localhost:3001/werk-en-inkomen/callback');
    const request = await started.start();
    const browser = at.browser();
    const { claims } = await started.finish(request, await throughBroker(at, browser, await browser.get(request.url), 'ib-user'));
    expect(claims).toMatchObject({ acr: 'http://eidas.europa.eu/LoA/substantial', organisation: { name: 'Gemeente Lissendam', identifiers: { kvk: '99990001' } }, represents: { sub: '99990001', sub_id_type: 'urn:nl-eid-gdi:1.0:id:KvKnr' } });
    // a portal without applications: no roles of another portal come along
    expect(claims).toMatchObject({ roles: [], entitlements: [] });
  });
});

describe('the ID token', () => {
  test.each([['ES256', undefined], ['RS256', 'RS256'], ['PS256', 'PS256']] as const)('is signed with %s for a client registered with %s', async (alg, registered) => {
    const client = await cakClient(at, `signs-${alg}`, registered ? { id_token_signed_response_alg: registered } : {});
    const { id_token } = await cakLogin(client, at.browser());
    expect(decodeProtectedHeader(id_token)).toMatchObject({ alg, kid: expect.any(String) });
  });

  test('says when and how surely, with the nonce of the request, and lives shortly', async () => {
    const before = at.now();
    const { claims } = await cakLogin(rp, at.browser());
    expect(claims.auth_time).toBeGreaterThanOrEqual(before);
    expect(claims.auth_time).toBeLessThanOrEqual(at.now());
    expect(claims.exp - claims.iat).toBeLessThanOrEqual(600);
    expect(claims).toMatchObject({ acr: 'https://refeds.org/profile/sfa', nonce: expect.any(String) });
    expect(claims).not.toHaveProperty('amr');
  });

  test('has the claims of the scopes asked, and of no other', async () => {
    const [browser, has] = [at.browser(), (claims: object) => Object.keys(claims).filter((name) => !['iss', 'aud', 'exp', 'iat', 'nonce', 'at_hash', 'sid', 'jti', 'nbf'].includes(name)).sort()];
    const { claims: least } = await cakLogin(rp, browser, { params: { scope: 'openid' } });
    expect(has(least)).toEqual(['acr', 'auth_time', 'sub']);
    const { claims: roles } = await cakLogin(rp, browser, { params: { scope: 'openid roles' } });
    expect(has(roles)).toEqual(['acr', 'auth_time', 'entitlements', 'roles', 'sub']);
    expect(roles['entitlements']).toEqual(expect.arrayContaining(['bestanden', 'vrijstellingen-2019', 'wmo-abonnementstarief']));
    const { claims: all } = await cakLogin(rp, browser);
    expect(all).toMatchObject({ name: 'Jolanda de Vries', given_name: 'Jolanda', family_name: 'de Vries', initials: 'J.', email: 'jolanda.vries@rietoever.example', phone_number: '+31600000201', locale: 'nl' });
    expect(all['represents']).toEqual({ sub: '99990201', sub_id_type: 'urn:nl-eid-gdi:1.0:id:KvKnr', iss: `${at.url}/cak` });
  });

  test('`sub` is the same at every login and every portal, and another for another person with the same name', async () => {
    const first = await cakLogin(rp, at.browser());
    const again = await cakLogin(await cakClient(at, 'another'), at.browser());
    const twin = await cakLogin(rp, at.browser(), { who: 'cak-twin' });
    expect(again.claims.sub).toBe(first.claims.sub);
    expect(twin.claims.sub).toBe(person('cak-twin').account?.id);
    expect(twin.claims).toMatchObject({ organisation: { name: 'Thuiszorg Veldzicht' }, roles: ['bestanden:gebruiker'] });
  });

  test('userinfo says the same, fresh', async () => {
    const { access_token, claims } = await cakLogin(rp, at.browser());
    const said = await (await rp.userinfo(access_token)).json() as Record<string, unknown>;
    expect(said).toMatchObject({ sub: claims.sub, roles: claims['roles'], organisation: claims['organisation'], name: claims['name'] });
    await updateAccount(at.host('cak').database.db, claims.sub, { given_name: 'Yolanda' });
    expect(await (await rp.userinfo(access_token)).json()).toMatchObject({ given_name: 'Yolanda' });
    await updateAccount(at.host('cak').database.db, claims.sub, { given_name: 'Jolanda' });
  });
});

describe('two realms', () => {
  test('have cookies of their own: a session of one is nothing to the other', async () => {
    const browser = at.browser();
    await cakLogin(rp, browser);
    expect(browser.cookies.map((c) => c.name)).toContain('sluis_cak');
    expect((await loginIb(at, browser, 'ib-user')).answer['code']).toBeDefined();
    expect(browser.cookies.map((c) => c.name)).toEqual(expect.arrayContaining(['sluis_cak', 'sluis_inlichtingenbureau']));
    // both live on beside each other
    expect((await browser.get((await rp.start({ prompt: 'none' })).url)).answer['code']).toBeDefined();
  });

  test('a client, a code or a token of one is unknown to the other', async () => {
    const { access_token } = await cakLogin(rp, at.browser());
    expect((await fetch(`${at.url}/inlichtingenbureau/me`, { headers: { authorization: `Bearer ${access_token}` } })).status).toBe(401);
    const page = await at.browser().get((await rp.start()).url.replace('/cak/', '/inlichtingenbureau/'));
    expect(page.status).toBe(400);
    expect(page.location).toBeUndefined();
  });
});
