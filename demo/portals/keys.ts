import { exportJWK, generateKeyPair } from 'jose';
import type { JWK } from 'jose';
import { readKeyFile, writeKeyFile } from '../keyfiles.ts';
import type { Portal } from './portals.ts';

/** The private keys of the portals that sign (private_key_jwt, ES256): portal id -> JWK, made at the first start. */
export async function portalKeys(keys: string, portals: Portal[]): Promise<Map<string, JWK>> {
  const signing = portals.filter((portal) => portal.secret === undefined);
  return new Map(await Promise.all(signing.map(async ({ id }): Promise<[string, JWK]> => [id, await portalKey(keys, id)])));
}

async function portalKey(keys: string, id: string): Promise<JWK> {
  const kept = readKeyFile(keys, `${id}.jwk`);
  if (kept !== undefined) return JSON.parse(kept) as JWK;
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk = { ...(await exportJWK(privateKey)), kid: `${id}-1`, alg: 'ES256', use: 'sig' };
  writeKeyFile(keys, `${id}.jwk`, `${JSON.stringify(jwk)}\n`);
  return jwk;
}

/** The same key without its secret part. */
export function publicPart({ d: _secret, ...rest }: JWK): JWK {
  return rest;
}
