import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { grounds } from '../support/databases.ts';
import { installNodes, type Nodes } from '../support/nodes.ts';
import { cakClient } from '../support/relying-party.ts';

describe.each(grounds)('$name: DPoP at two nodes', ({ there, ...ground }) => {
  if (!there) return test.skip('needs PostgreSQL', () => undefined);
  let at: Nodes;
  let keys: CryptoKeyPair;
  beforeAll(async () => {
    at = await installNodes(ground);
    await cakClient(at, 'bound', { dpop_bound_access_tokens: true, grant_types: ['authorization_code', 'client_credentials'], scope: 'openid roles' });
    keys = await generateKeyPair('ES256', { extractable: true }) as CryptoKeyPair;
  }, 60_000);
  afterAll(() => at?.stop());

  const proof = async (nonce?: string): Promise<string> => new SignJWT({ htm: 'POST', htu: `${at.url}/cak/token`, jti: randomUUID(), ...(nonce && { nonce }) })
    .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk: await exportJWK(keys.publicKey) }).setIssuedAt().sign(keys.privateKey);
  const ask = async (dpop: string): Promise<{ status: number; nonce: string | undefined }> => {
    const authorization = `Basic ${Buffer.from('bound:secret-of-bound-that-is-long-enough').toString('base64')}`;
    const response = await fetch(`${at.url}/cak/token`, { method: 'POST', headers: { authorization, dpop }, body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'roles' }) });
    return { status: response.status, nonce: response.headers.get('dpop-nonce') ?? undefined };
  };

  test('a nonce that one node gave is good at the other, and so is its token', async () => {
    at.proxy.only(0);
    const { status, nonce } = await ask(await proof());
    expect([status, nonce]).toEqual([400, expect.any(String)]);
    at.proxy.only(1);
    expect((await ask(await proof(nonce))).status).toBe(200);
    at.proxy.only();
  });

  test('a proof that is sent fifty times at once over both is believed once', async () => {
    const { nonce } = await ask(await proof());
    const once = await proof(nonce);
    const answers = await Promise.all(Array.from({ length: 50 }, () => ask(once)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 400)).toHaveLength(49);
    for (const node of [0, 1]) {
      at.proxy.only(node);
      expect((await ask(once)).status).toBe(400);
    }
    at.proxy.only();
  });
});
