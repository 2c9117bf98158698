import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT } from 'jose';
import * as oauth from 'oauth4webapi';
import { install, type Install } from '../support/install.ts';
import { cakClient, insecure, typePassword, type RelyingParty } from '../support/relying-party.ts';

let at: Install;
let rp: RelyingParty;
let keys: CryptoKeyPair;
beforeAll(async () => {
  at = await install();
  rp = await cakClient(at, 'bound', { dpop_bound_access_tokens: true });
  keys = await generateKeyPair('ES256', { extractable: true }) as CryptoKeyPair;
}, 60_000);
afterAll(() => at?.stop());

/** The library asks once, is given a nonce, and asks again. */
async function withNonce<T>(work: () => Promise<T>): Promise<T> {
  return work().catch((error: unknown) => {
    if (!oauth.isDPoPNonceError(error)) throw error;
    return work();
  });
}

async function boundLogin(): Promise<oauth.TokenEndpointResponse> {
  const DPoP = oauth.DPoP(rp.client, keys);
  const browser = at.browser();
  const started = await rp.start();
  const page = await typePassword(browser, await browser.get(started.url));
  const params = oauth.validateAuthResponse(rp.as, rp.client, new URL(page.location ?? ''), started.state);
  return withNonce(async () => oauth.processAuthorizationCodeResponse(rp.as, rp.client,
    await oauth.authorizationCodeGrantRequest(rp.as, rp.client, rp.auth, params, rp.redirectUri, started.verifier, { ...insecure, DPoP }), { expectedNonce: started.nonce }));
}

/** A proof as RFC 9449 section 4.2 describes it. */
async function proof(changes: { jti?: string; nonce?: string | undefined; htu?: string; token?: string; keys?: CryptoKeyPair; iat?: number } = {}): Promise<string> {
  const pair = changes.keys ?? keys;
  return new SignJWT({
    htm: 'POST', htu: changes.htu ?? `${at.url}/cak/token`, jti: changes.jti ?? crypto.randomUUID(), ...(changes.nonce && { nonce: changes.nonce }),
    ...(changes.token && { ath: createHash('sha256').update(changes.token).digest('base64url') }),
  }).setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk: await exportJWK(pair.publicKey) }).setIssuedAt(changes.iat).sign(pair.privateKey);
}

const basic = { authorization: `Basic ${Buffer.from('bound:secret-of-bound-that-is-long-enough').toString('base64')}` };
const refresh = async (token: string, dpop?: string) => {
  const response = await fetch(`${at.url}/cak/token`, { method: 'POST', headers: { ...basic, ...(dpop && { dpop }) }, body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: token }) });
  return { status: response.status, nonce: response.headers.get('dpop-nonce') ?? undefined, body: await response.json() as Record<string, string> };
};

describe('DPoP (RFC 9449)', () => {
  test('is in the discovery document', () => {
    expect(rp.as.dpop_signing_alg_values_supported).toEqual(['ES256', 'RS256', 'PS256']);
  });

  test('binds tokens to the key: userinfo with a proof, and nothing without one', async () => {
    const tokens = await boundLogin();
    expect(tokens.token_type).toBe('dpop');
    expect(await rp.introspect(tokens.access_token)).toMatchObject({ active: true, token_type: 'DPoP', cnf: { jkt: await calculateJwkThumbprint(await exportJWK(keys.publicKey)) } });
    const DPoP = oauth.DPoP(rp.client, keys);
    const asked = await withNonce(async () => {
      const response = await oauth.userInfoRequest(rp.as, rp.client, tokens.access_token, { ...insecure, DPoP });
      return oauth.processUserInfoResponse(rp.as, rp.client, oauth.getValidatedIdTokenClaims(tokens)!.sub, response);
    });
    expect(asked.sub).toBe(oauth.getValidatedIdTokenClaims(tokens)!.sub);
    const asBearer = await fetch(`${at.url}/cak/me`, { headers: { authorization: `Bearer ${tokens.access_token}` } });
    expect([asBearer.status, (await asBearer.json() as { error: string }).error]).toEqual([401, 'invalid_token']);
    const strange = await generateKeyPair('ES256', { extractable: true }) as CryptoKeyPair;
    const foreign = oauth.DPoP(rp.client, strange);
    await expect(withNonce(async () => oauth.processUserInfoResponse(rp.as, rp.client, 'x', await oauth.userInfoRequest(rp.as, rp.client, tokens.access_token, { ...insecure, DPoP: foreign })))).rejects.toBeDefined();
  });

  test('a client that is registered for it gets nothing without', async () => {
    const { refresh_token = '' } = await boundLogin();
    expect((await refresh(refresh_token)).body['error']).toBe('invalid_grant');
  });

  test('a proof needs a nonce of the server, recent, and is of its address, method and time', async () => {
    const { refresh_token = '' } = await boundLogin();
    const first = await refresh(refresh_token, await proof());
    expect([first.status, first.body['error']]).toEqual([400, 'use_dpop_nonce']);
    expect(first.nonce).toBeDefined();
    expect((await refresh(refresh_token, await proof({ nonce: 'made-up' }))).body['error']).toBe('use_dpop_nonce');
    // dated ahead, so that it would outlive the record of its use
    expect((await refresh(refresh_token, await proof({ iat: Math.floor(Date.now() / 1000) + 290 }))).body['error']).toBe('use_dpop_nonce');
    expect((await refresh(refresh_token, await proof({ nonce: first.nonce, htu: `${at.url}/cak/me` }))).body['error']).toBe('invalid_dpop_proof');
    expect((await refresh(refresh_token, await proof({ nonce: first.nonce }))).status).toBe(200);
  });

  test('a proof works once, also when it is sent ten times at once', async () => {
    const logins = await Promise.all(Array.from({ length: 10 }, () => boundLogin()));
    const { nonce } = await refresh(logins[0]?.refresh_token ?? '', await proof());
    const once = await proof({ nonce });
    // each has a refresh token of its own, so only the proof can be what stops nine of them
    const answers = await Promise.all(logins.map(({ refresh_token = '' }) => refresh(refresh_token, once)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ status }) => status >= 500)).toEqual([]);
    expect((await refresh(logins[1]?.refresh_token ?? '', once)).body['error']).toBe('invalid_grant');
  });
});
