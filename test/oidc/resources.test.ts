import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose';
import * as oauth from 'oauth4webapi';
import { setRoles } from '../../src/store/memberships.ts';
import { install, type Install } from '../support/install.ts';
import { person } from '../support/journeys.ts';
import { cakClient, cakLogin, insecure, typePassword, type RelyingParty } from '../support/relying-party.ts';

const api = 'https://api.cak.example/bestanden';
const signed = 'https://api.cak.example/signed';
const closed = 'https://api.cak.example/closed';

let at: Install;
let rp: RelyingParty;
beforeAll(async () => {
  at = await install({ change: ({ realms }) => {
    const cak = realms.find(({ id }) => id === 'cak')!;
    const resource = { name: 'x', portal: 'mijn-cak-zakelijk', scopes: ['bestanden.lezen', 'bestanden.sturen'], signing_alg: 'ES256' as const, ttl: 240 };
    cak.resources = [{ ...resource, id: api }, { ...resource, id: signed, signing_alg: 'RS256' }, { ...resource, id: closed, clients: ['somebody-else'] }];
  } });
  rp = await cakClient(at, 'rp');
}, 60_000);
afterAll(() => at?.stop());

const issuer = (): string => `${at.url}/cak`;
const openid = 'openid roles bestanden.lezen';

/** A whole login whose code is redeemed for an access token of one API. */
async function forApi(resource: string, who = 'cak-active', scope = openid): Promise<oauth.TokenEndpointResponse> {
  const browser = at.browser();
  const started = await rp.start({ scope, resource });
  const page = await typePassword(browser, await browser.get(started.url), who);
  const params = oauth.validateAuthResponse(rp.as, rp.client, new URL(page.location ?? ''), started.state);
  const response = await oauth.authorizationCodeGrantRequest(rp.as, rp.client, rp.auth, params, rp.redirectUri, started.verifier, { ...insecure, additionalParameters: { resource } });
  return oauth.processAuthorizationCodeResponse(rp.as, rp.client, response, { expectedNonce: started.nonce });
}

const verified = (token: string, audience = api) => jwtVerify(token, createRemoteJWKSet(new URL(`${issuer()}/jwks`)), { issuer: issuer(), audience, typ: 'at+jwt' });

describe('access tokens for an API (RFC 8707, RFC 9068)', () => {
  test('are signed JWTs of at most five minutes, with who, for whom, and with which roles', async () => {
    const before = Math.floor(Date.now() / 1000);
    const { access_token, expires_in } = await forApi(api);
    const { payload, protectedHeader } = await verified(access_token);
    expect(protectedHeader).toMatchObject({ alg: 'ES256', typ: 'at+jwt', kid: expect.any(String) });
    const { account, organisation_id: organisation } = person('cak-active');
    expect(payload).toMatchObject({
      sub: account?.id, client_id: 'rp', azp: 'rp', scope: 'bestanden.lezen', acr: 'https://refeds.org/profile/sfa', jti: expect.stringMatching(/^[\w-]{22,}$/),
      organisation: { id: organisation }, represents: { sub: '99990201', sub_id_type: 'urn:nl-eid-gdi:1.0:id:KvKnr', iss: issuer() },
      roles: expect.arrayContaining(['bestanden:gebruiker']), entitlements: expect.arrayContaining(['bestanden']),
    });
    expect(payload['auth_time']).toBeGreaterThanOrEqual(before);
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(240);
    expect(expires_in).toBe(240);
  });

  test('RS256 for an API that asks it', async () => {
    expect((await verified((await forApi(signed)).access_token, signed)).protectedHeader.alg).toBe('RS256');
  });

  test('hold only scopes of that API, and none of a person\'s data beside', async () => {
    const payload = decodeJwt((await forApi(api, 'cak-active', 'openid profile email bestanden.lezen')).access_token);
    for (const name of ['name', 'email', 'given_name']) expect(payload).not.toHaveProperty(name);
    expect(payload['scope']).toBe('bestanden.lezen');
  });

  test('open nothing here: neither userinfo nor introspection knows them', async () => {
    const { access_token } = await forApi(api);
    expect((await rp.userinfo(access_token)).status).toBe(401);
    await expect(rp.introspect(access_token)).rejects.toMatchObject({ error: 'unsupported_token_type' });
  });

  test('without resource the token is for userinfo, and opaque', async () => {
    const tokens = await cakLogin(rp, at.browser(), { params: { scope: openid } });
    expect(tokens.access_token).not.toContain('.');
    expect((await rp.userinfo(tokens.access_token)).status).toBe(200);
  });

  test.each([['unknown', 'https://nobody.example/api'], ['of other clients', closed], ['no address', 'api'], ['with a fragment', `${api}#x`]])('a resource that is %s: invalid_target', async (_name, resource) => {
    const started = await rp.start({ resource });
    expect((await at.browser().get(started.url)).answer).toMatchObject({ error: 'invalid_target', state: started.state });
  });

  test('a code for one API is not redeemed for another', async () => {
    const browser = at.browser();
    const started = await rp.start({ scope: openid, resource: api });
    const page = await typePassword(browser, await browser.get(started.url));
    const params = oauth.validateAuthResponse(rp.as, rp.client, new URL(page.location ?? ''), started.state);
    const response = await oauth.authorizationCodeGrantRequest(rp.as, rp.client, rp.auth, params, rp.redirectUri, started.verifier, { ...insecure, additionalParameters: { resource: signed } });
    expect(await response.json()).toMatchObject({ error: 'invalid_target' });
  });

  test('at refresh the roles are those of now, and who lost them gets none', async () => {
    const { refresh_token = '' } = await forApi(api, 'cak-twin');
    const { db } = at.host('cak').database;
    const membership = person('cak-twin').membership!.id;
    const role = (application: string) => ({ application, role: 'gebruiker', assigned_by: 'x', assigned_at: 1 });
    const refresh = async (token: string) => oauth.processRefreshTokenResponse(rp.as, rp.client,
      await oauth.refreshTokenGrantRequest(rp.as, rp.client, rp.auth, token, { ...insecure, additionalParameters: { resource: api } }));
    await setRoles(db, membership, [role('vrijstellingen-2019')]);
    const next = await refresh(refresh_token);
    expect(decodeJwt(next.access_token)).toMatchObject({ roles: ['vrijstellingen-2019:gebruiker'], acr: 'https://refeds.org/profile/sfa', auth_time: expect.any(Number) });
    await setRoles(db, membership, []);
    try {
      await expect(refresh(next.refresh_token ?? '')).rejects.toMatchObject({ error: 'invalid_grant' });
    } finally {
      await setRoles(db, membership, [role('bestanden')]);
    }
  });

  test('a machine gets one too: about itself, without a person', async () => {
    const machine = await cakClient(at, 'nightly', { grant_types: ['client_credentials'], redirect_uris: [], scope: 'roles' });
    const ask = async (resource: string) => oauth.clientCredentialsGrantRequest(machine.as, machine.client, machine.auth, { resource, scope: 'bestanden.lezen' }, insecure);
    const { access_token } = await oauth.processClientCredentialsResponse(machine.as, machine.client, await ask(api));
    const { payload } = await verified(access_token);
    expect(payload).toMatchObject({ sub: 'nightly', client_id: 'nightly', azp: 'nightly', scope: 'bestanden.lezen' });
    for (const name of ['roles', 'organisation', 'acr']) expect(payload).not.toHaveProperty(name);
    expect(await (await ask(closed)).json()).toMatchObject({ error: 'invalid_target' });
  });
});
