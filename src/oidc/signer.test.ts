import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { compactVerify, importJWK } from 'jose';
import { ExternalSigningKey } from 'oidc-provider';
import type { PrivateJwk } from '../keys/signing.ts';
import { signers } from './signer.ts';

const ec = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve }).privateKey.export({ format: 'jwk' });
const text = Buffer.from(`${Buffer.from('{"alg":"ES256"}').toString('base64url')}.${Buffer.from('{}').toString('base64url')}`);

test('an ES256 key signs by itself as JWS wants it, and shows its public half only', async () => {
  const jwk = { ...ec('P-256'), kid: 'a' } as PrivateJwk;
  const [key] = signers({ keys: [jwk] }).keys as ExternalSigningKey[];
  expect(key).toBeInstanceOf(ExternalSigningKey);
  expect({ kid: key!.kid, alg: key!.alg, kty: key!.kty, crv: key!.crv, x: key!.x, y: key!.y }).toEqual({ kid: 'a', alg: 'ES256', kty: 'EC', crv: 'P-256', x: jwk.x, y: jwk.y });
  expect((await key!.keyObject()).type).toBe('public');
  const signature = Buffer.from(await key!.sign(text)).toString('base64url');
  await expect(compactVerify(`${text.toString()}.${signature}`, await importJWK({ kty: 'EC', crv: 'P-256', x: jwk.x!, y: jwk.y! }, 'ES256'))).resolves.toBeTruthy();
  await expect(compactVerify(`${text.toString()}.${signature}`, await importJWK({ kty: 'EC', ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' }) }, 'ES256'))).rejects.toThrow('signature');
});

test('keys for other algorithms stay with the library', () => {
  const rsa = { kty: 'RSA', kid: 'r' } as PrivateJwk;
  expect(signers({ keys: [rsa] }).keys).toEqual([rsa]);
});
