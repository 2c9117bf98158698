import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { CompactEncrypt, importJWK, SignJWT, UnsecuredJWT, generateKeyPair, type JWK } from 'jose';
import * as oauth from 'oauth4webapi';
import { install, type Install } from '../support/install.ts';
import type { Page } from '../support/http-browser.ts';
import { cakClient, callback, insecure, keyClient, typePassword, type RelyingParty } from '../support/relying-party.ts';

let at: Install;
let rp: RelyingParty;
let keys: CryptoKeyPair;
beforeAll(async () => {
  at = await install();
  ({ rp, keys } = await keyClient(at, 'signing'));
}, 60_000);
afterAll(() => at?.stop());

type Prepared = Awaited<ReturnType<RelyingParty['start']>> & { parameters: URLSearchParams };

async function prepared(changes: Record<string, string | undefined> = {}, by = rp): Promise<Prepared> {
  const started = await by.start(changes);
  return { ...started, parameters: new URL(started.url).searchParams };
}

const objectOf = (parameters: URLSearchParams, key: CryptoKey = keys.privateKey) => oauth.issueRequestObject(rp.as, rp.client, parameters, { key, kid: 'k1' });
const ask = (query: Record<string, string>): Promise<Page> => at.browser().get(`/cak/auth?${new URLSearchParams({ client_id: 'signing', ...query }).toString()}`);

/** A request object by hand: the library makes none that is wrong. */
const byHand = (claims: Record<string, unknown>) => new SignJWT({ client_id: 'signing', ...claims }).setProtectedHeader({ alg: 'ES256', kid: 'k1' }).sign(keys.privateKey);

async function push(parameters: URLSearchParams, by = rp): Promise<Record<string, unknown>> {
  const response = await oauth.pushedAuthorizationRequest(by.as, by.client, by.auth, parameters, insecure);
  return await response.json() as Record<string, unknown>;
}

describe('signed request objects (RFC 9101)', () => {
  test('a whole login by one; what stands beside it counts for nothing', async () => {
    const started = await prepared({ scope: 'openid' });
    const browser = at.browser();
    const query = new URLSearchParams({ client_id: 'signing', request: await objectOf(started.parameters), redirect_uri: 'https://evil.example/', scope: 'openid email', state: 'other', nonce: 'other', prompt: 'none' });
    const page = await typePassword(browser, await browser.get(`/cak/auth?${query.toString()}`));
    expect(page.location?.startsWith(callback)).toBe(true);
    const { claims } = await rp.finish(started, page);
    expect(claims).not.toHaveProperty('email');
  });

  test('one that is unsigned, signed by another, expired, endless or for another server is refused', async () => {
    const { parameters } = await prepared();
    const all = Object.fromEntries(parameters);
    const now = Math.floor(Date.now() / 1000);
    const bad = [
      new UnsecuredJWT(all).setIssuer('signing').setAudience(rp.as.issuer).setExpirationTime('60s').encode(),
      await objectOf(parameters, ((await generateKeyPair('ES256')) as CryptoKeyPair).privateKey),
      await byHand({ ...all, iss: 'signing', aud: rp.as.issuer, exp: now - 60 }),
      await byHand({ ...all, iss: 'signing', aud: rp.as.issuer, exp: now + 7200, iat: now }),
      await byHand({ ...all, iss: 'signing', aud: rp.as.issuer }),
      await byHand({ ...all, iss: 'signing', aud: 'https://elsewhere.example', exp: now + 60 }),
      await byHand({ ...all, iss: 'somebody', aud: rp.as.issuer, exp: now + 60 }),
      'e30.e30.', 'nonsense',
    ];
    for (const [index, request] of bad.entries()) {
      const page = await ask({ request, redirect_uri: callback, state: 's' });
      expect([index, page.step, page.answer['error'] ?? page.end]).toEqual([index, undefined, expect.stringMatching(/^invalid_request(_object)?$/)]);
    }
  });

  test('encrypted to a published key', async () => {
    const { keys: published } = await (await fetch(`${at.url}/cak/jwks`)).json() as { keys: JWK[] };
    const targets = published.filter(({ use }) => use === 'enc');
    expect(new Set(targets.map(({ alg }) => alg))).toEqual(new Set(['RSA-OAEP', 'RSA-OAEP-256']));
    for (const jwk of targets) {
      const object = await objectOf((await prepared()).parameters);
      const encrypted = (enc: string) => importJWK(jwk).then((key) => new CompactEncrypt(Buffer.from(object)).setProtectedHeader({ alg: jwk.alg!, enc, kid: jwk.kid!, cty: 'JWT' }).encrypt(key));
      expect((await ask({ request: await encrypted('A256GCM') })).step).toBe('password');
      expect((await ask({ request: await encrypted('A128CBC-HS256'), redirect_uri: callback })).answer['error']).toBe('invalid_request_object');
    }
  });

  test('a client registered for them sends nothing else; one with an algorithm uses that one', async () => {
    const { rp: strict, keys: own } = await keyClient(at, 'strict', { require_signed_request_object: true, request_object_signing_alg: 'ES256' });
    const started = await prepared({}, strict);
    expect((await at.browser().get(started.url)).answer['error']).toBe('invalid_request');
    const request = await oauth.issueRequestObject(strict.as, strict.client, started.parameters, { key: own.privateKey, kid: 'k1' });
    expect((await at.browser().get(`/cak/auth?${new URLSearchParams({ client_id: 'strict', request }).toString()}`)).step).toBe('password');
  });
});

describe('pushed requests (RFC 9126)', () => {
  test('a whole login by one, plain or signed; its address works once', async () => {
    for (const signed of [false, true]) {
      const started = await prepared();
      const request_uri = String((await push(signed ? new URLSearchParams({ request: await objectOf(started.parameters) }) : started.parameters))['request_uri']);
      const browser = at.browser();
      const address = `/cak/auth?${new URLSearchParams({ client_id: 'signing', request_uri }).toString()}`;
      const page = await typePassword(browser, await browser.get(address));
      expect((await rp.finish(started, page)).claims.aud).toBe('signing');
      expect((await at.browser().get(address)).step).toBeUndefined();
    }
  });

  test('what is wrong is told at once, and nobody pushes for another', async () => {
    expect(await push((await prepared({ redirect_uri: 'https://evil.example/' })).parameters)).toMatchObject({ error: expect.stringMatching(/^invalid_re/) });
    expect(await push((await prepared({ code_challenge: undefined, code_challenge_method: undefined })).parameters)).toMatchObject({ error: 'invalid_request' });
    expect(await push(new URLSearchParams({ request: await objectOf((await prepared({ scope: 'email' })).parameters, ((await generateKeyPair('ES256')) as CryptoKeyPair).privateKey) }))).toMatchObject({ error: expect.stringMatching(/^invalid_request/) });
    const response = await fetch(`${at.url}/cak/request`, { method: 'POST', body: (await prepared()).parameters });
    expect([400, 401]).toContain(response.status);
  });

  test('a client registered for them cannot ask in another way', async () => {
    const only = await cakClient(at, 'pushing', { require_pushed_authorization_requests: true });
    const started = await prepared({}, only);
    expect((await at.browser().get(started.url)).answer['error']).toBe('invalid_request');
    const { request_uri } = await push(started.parameters, only);
    expect((await at.browser().get(`/cak/auth?${new URLSearchParams({ client_id: 'pushing', request_uri: String(request_uri) }).toString()}`)).step).toBe('password');
  });

  test('an address of the client\'s own is not fetched', async () => {
    expect((await ask({ request_uri: 'https://portal.example/request.jwt', redirect_uri: callback })).step).toBeUndefined();
    expect(rp.as['request_uri_parameter_supported']).toBe(false);
  });
});

describe('the claims parameter', () => {
  const claims = (value: object) => JSON.stringify(value);
  const login = async (by: RelyingParty, params: Record<string, string>) => {
    const started = await by.start(params);
    const browser = at.browser();
    const tokens = await by.finish(started, await typePassword(browser, await browser.get(started.url)));
    return { tokens, userinfo: await (await by.userinfo(tokens.access_token)).json() as Record<string, unknown> };
  };

  test('gives single claims where they were asked, without their scope', async () => {
    const { tokens, userinfo } = await login(rp, { scope: 'openid', claims: claims({ id_token: { given_name: null }, userinfo: { email: { essential: true }, unknown: null } }) });
    expect(tokens.claims).toMatchObject({ given_name: expect.any(String) });
    expect(tokens.claims).not.toHaveProperty('email');
    expect(userinfo).toMatchObject({ email: expect.any(String) });
    for (const name of ['given_name', 'name', 'unknown']) expect(userinfo).not.toHaveProperty(name);
  });

  test('gives nothing of a scope that the client does not have', async () => {
    const narrow = await cakClient(at, 'narrow', { scope: 'openid profile' });
    const { tokens, userinfo } = await login(narrow, { scope: 'openid', claims: claims({ id_token: { email: null, roles: null, name: null }, userinfo: { email: null, organisation: null } }) });
    expect(tokens.claims).toMatchObject({ name: expect.any(String) });
    for (const name of ['email', 'roles', 'organisation']) for (const found of [tokens.claims, userinfo]) expect(found).not.toHaveProperty(name);
  });

  test.each([['no JSON', '{'], ['a list', '[]'], ['neither place', '{}'], ['a claim that is a text', claims({ userinfo: { email: 'x' } })]])('%s: invalid_request', async (_name, value) => {
    expect((await at.browser().get((await rp.start({ claims: value })).url)).answer['error']).toBe('invalid_request');
  });
});
