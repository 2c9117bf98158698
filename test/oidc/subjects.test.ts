import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { compactDecrypt, createRemoteJWKSet, decodeJwt, exportJWK, generateKeyPair, jwtVerify } from 'jose';
import * as oauth from 'oauth4webapi';
import { rotate } from '../../src/keys/keys.ts';
import { subjectsWith } from '../../src/oidc/subjects.ts';
import { install, type Install } from '../support/install.ts';
import { arrive, asClient, ib, login, person, redeem } from '../support/journeys.ts';
import { cakClient, cakLogin, insecure, keyClient, typePassword, type RelyingParty } from '../support/relying-party.ts';

const api = 'https://api.cak.example/';
const other = 'http://127.0.0.1:9/cb';

let at: Install;
beforeAll(async () => {
  at = await install({ change: ({ realms }) => {
    realms.find(({ id }) => id === 'cak')!.resources = [{ id: api, name: 'x', portal: 'mijn-cak-zakelijk', scopes: ['lezen'], signing_alg: 'ES256', ttl: 300 }];
  } });
}, 60_000);
afterAll(() => at?.stop());

const accountId = (who = 'cak-active'): string => person(who).account?.id ?? '';

describe('pairwise subjects', () => {
  let rp: RelyingParty;
  beforeAll(async () => { rp = await cakClient(at, 'pair', { subject_type: 'pairwise' }); });

  test('are the same in ID token, userinfo, introspection and the JWT of an API, and are no account id or number', async () => {
    const browser = at.browser();
    const tokens = await cakLogin(rp, browser);
    const { sub } = tokens.claims;
    expect(sub).toMatch(/^[\w-]{43}$/);
    expect(sub).not.toContain(accountId());
    expect(tokens.claims['sub_id_type']).toBe('urn:nl-eid-gdi:1.0:id:Pseudonym');
    const userinfo = await (await rp.userinfo(tokens.access_token)).json() as { sub: string };
    const introspected = await rp.introspect(tokens.access_token);
    const started = await rp.start({ scope: 'openid lezen', resource: api });
    const params = oauth.validateAuthResponse(rp.as, rp.client, new URL((await browser.get(started.url)).location ?? ''), started.state);
    const response = await oauth.authorizationCodeGrantRequest(rp.as, rp.client, rp.auth, params, rp.redirectUri, started.verifier, { ...insecure, additionalParameters: { resource: api } });
    const { access_token } = await response.json() as { access_token: string };
    expect([userinfo.sub, introspected.sub, decodeJwt(access_token).sub]).toEqual([sub, sub, sub]);
    // what Sluis calls its own account is nowhere in what the portal gets
    expect(JSON.stringify([decodeJwt(tokens.id_token), userinfo, introspected, decodeJwt(access_token)])).not.toContain(accountId());
  });

  test('differ between people and sectors, and are shared within one', async () => {
    const subOf = async (client: RelyingParty, who?: string) => (await cakLogin(client, at.browser(), who ? { who } : {})).claims.sub;
    const neighbour = await cakClient(at, 'pair-neighbour', { subject_type: 'pairwise' });
    const sub = await subOf(rp);
    expect(await subOf(neighbour)).toBe(sub);
    expect(await subOf(rp, 'cak-twin')).not.toBe(sub);
    const elsewhere = await cakClient(at, 'pair-elsewhere', { subject_type: 'pairwise', redirect_uris: [other] });
    const started = await elsewhere.start({ redirect_uri: other });
    const browser = at.browser();
    const page = await typePassword(browser, await browser.get(started.url));
    const params = oauth.validateAuthResponse(elsewhere.as, elsewhere.client, new URL(page.location ?? ''), started.state);
    const response = await oauth.authorizationCodeGrantRequest(elsewhere.as, elsewhere.client, elsewhere.auth, params, other, started.verifier, insecure);
    expect(decodeJwt((await response.json() as { id_token: string }).id_token).sub).not.toBe(sub);
    expect(await subOf(await cakClient(at, 'plain'))).toBe(accountId());
  });

  test('an id_token_hint of the same person is recognised; logging out by it works', async () => {
    const browser = at.browser();
    const { id_token } = await cakLogin(rp, browser);
    expect((await browser.get((await rp.start({ prompt: 'none', id_token_hint: id_token })).url)).answer['code']).toBeDefined();
    const page = await browser.get(`/cak/session/end?${new URLSearchParams({ id_token_hint: id_token, post_logout_redirect_uri: 'http://localhost:9/bye' }).toString()}`);
    expect((await browser.submit(page, { logout: 'yes' })).location).toBe('http://localhost:9/bye');
  });

  test('hang on the realm\'s secret: rotated keys change nothing, another secret changes all', async () => {
    const { keys, provider, realm } = at.host('cak');
    const client = (await provider.Client.find('pair'))!;
    const sub = subjectsWith(keys.secret)(accountId(), client);
    await rotate(at.running.hosts[0]!.system.keys, realm.id, { demo: true });
    expect((await cakLogin(rp, at.browser())).claims.sub).toBe(sub);
    expect(subjectsWith(Buffer.alloc(32, 1))(accountId(), client)).not.toBe(sub);
  });

  test('are what a realm of profile nlgov gives, and machines have none', async () => {
    const { body } = await redeem(at, 'werk-en-inkomen', (await login(at, at.browser(), 'ib-user')).answer['code'] ?? '');
    const { sub, amr, jti, nbf, iat = 0, exp = 0 } = decodeJwt(String(body['id_token']));
    expect(sub).not.toBe(accountId('ib-user'));
    expect([amr, exp - iat]).toEqual([undefined, 300]);
    expect(jti).toMatch(/^[\w-]{32}$/);
    expect(nbf).toBeLessThanOrEqual(iat);
    expect((await asClient(at, ib, 'batch-zorg', 'token', { grant_type: 'client_credentials', scope: 'roles' })).status).toBe(200);
    expect((await arrive(at.browser(), 'werk-en-inkomen', { nonce: undefined })).answer).toMatchObject({ error: 'invalid_request', error_description: 'nonce is required' });
    expect((await arrive(at.browser(), 'werk-en-inkomen', { state: undefined })).answer).toMatchObject({ error: 'invalid_request', error_description: 'state is required' });
  });
});

describe('userinfo as a JWT', () => {
  test.each(['ES256', 'RS256', 'PS256'] as const)('signed with %s for a client that asks', async (alg) => {
    const { rp } = await keyClient(at, `userinfo-${alg}`, { userinfo_signed_response_alg: alg });
    const { access_token, claims } = await cakLogin(rp, at.browser());
    const response = await rp.userinfo(access_token);
    expect(response.headers.get('content-type')).toContain('application/jwt');
    const verified = await jwtVerify(await response.clone().text(), createRemoteJWKSet(new URL(`${at.url}/cak/jwks`)), { issuer: `${at.url}/cak`, audience: `userinfo-${alg}`, algorithms: [alg] });
    expect(verified.payload).toMatchObject({ sub: claims.sub, roles: expect.arrayContaining(['bestanden:gebruiker']) });
    // the library reads it too
    expect((await oauth.processUserInfoResponse(rp.as, rp.client, claims.sub, response)).sub).toBe(claims.sub);
  });
});

describe('encryption to the client\'s key', () => {
  test.each(['RSA-OAEP', 'RSA-OAEP-256'] as const)('ID token and userinfo with %s and A256GCM', async (alg) => {
    const own = await generateKeyPair(alg, { extractable: true });
    const enc = { ...await exportJWK(own.publicKey), kid: 'e1', alg, use: 'enc' };
    const { rp } = await keyClient(at, `enc-${alg}`, { jwks: { keys: [enc] }, id_token_encrypted_response_alg: alg, userinfo_signed_response_alg: 'ES256', userinfo_encrypted_response_alg: alg });
    const browser = at.browser();
    const started = await rp.start();
    const page = await typePassword(browser, await browser.get(started.url));
    const params = oauth.validateAuthResponse(rp.as, rp.client, new URL(page.location ?? ''), started.state);
    const response = await oauth.authorizationCodeGrantRequest(rp.as, rp.client, rp.auth, params, rp.redirectUri, started.verifier, insecure);
    const tokens = await response.json() as { id_token: string; access_token: string };
    const open = async (jwe: string) => {
      const { plaintext, protectedHeader } = await compactDecrypt(jwe, own.privateKey);
      expect(protectedHeader).toMatchObject({ alg, enc: 'A256GCM', kid: 'e1', cty: 'JWT' });
      return jwtVerify(new TextDecoder().decode(plaintext), createRemoteJWKSet(new URL(`${at.url}/cak/jwks`)), { audience: `enc-${alg}` });
    };
    expect((await open(tokens.id_token)).payload).toMatchObject({ sub: accountId(), nonce: started.nonce });
    expect((await open(await (await rp.userinfo(tokens.access_token)).text())).payload.sub).toBe(accountId());
  });
});
