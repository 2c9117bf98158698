import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { X509Certificate } from 'node:crypto';
import { calculateJwkThumbprint, createLocalJWKSet, importJWK, jwtVerify, SignJWT } from 'jose';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { ensureRealmKeys, listKeys, rotate } from './keys.ts';

// a busy machine takes its time to find primes
jest.setTimeout(120_000);

let folder: string;
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'sluis-keys-')); });
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('ensureRealmKeys', () => {
  test('makes private files once and reads them afterwards', async () => {
    const first = await ensureRealmKeys(folder, 'town');
    expect(readdirSync(join(folder, 'town')).sort()).toEqual(['cookies.json', 'saml.pem', 'secret', 'signing.json']);
    for (const name of readdirSync(join(folder, 'town'))) expect(statSync(join(folder, 'town', name)).mode & 0o777).toBe(0o600);
    expect(await ensureRealmKeys(folder, 'town')).toEqual(first);
    expect(first.secret).toHaveLength(32);
    expect(await ensureRealmKeys(folder, 'other')).not.toEqual(first);
  });

  test('ES256 first, RSA for both RSA algorithms, key ids are thumbprints', async () => {
    const { jwks } = await ensureRealmKeys(folder, 'town');
    expect(jwks.keys.map((key) => [key.kty, key['alg'], key['use']])).toEqual([
      ['EC', 'ES256', 'sig'], ['RSA', undefined, 'sig'], ['RSA', undefined, 'enc'], ['EC', 'ES256', 'sig'], ['RSA', undefined, 'sig'], ['RSA', undefined, 'enc'],
    ]);
    for (const key of jwks.keys) expect(key.kid).toBe(await calculateJwkThumbprint(key as never));
    const [ec] = jwks.keys;
    const token = await new SignJWT({}).setProtectedHeader({ alg: 'ES256', kid: ec!.kid }).sign(await importJWK(ec as never, 'ES256'));
    const { d: _d, ...publicKey } = ec!;
    await jwtVerify(token, createLocalJWKSet({ keys: [publicKey as never] }));
  });

  test('the SAML certificate belongs to its key and holds now', async () => {
    const { saml } = await ensureRealmKeys(folder, 'town');
    const certificate = new X509Certificate(saml.cert);
    expect(certificate.subject).toBe('CN=Sluis town');
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(Date.parse(certificate.validFrom)).toBeLessThan(Date.now());
    expect(saml.key).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
  });

  test('two nodes that start at once get the same keys', async () => {
    const [one, two] = await Promise.all([ensureRealmKeys(folder, 'town'), ensureRealmKeys(folder, 'town')]);
    expect(one).toEqual(two);
    expect(readdirSync(join(folder, 'town'))).toHaveLength(4);
  });

  test('refuses a file that others can read, but not in the demo world', async () => {
    await ensureRealmKeys(folder, 'town');
    const file = join(folder, 'town', 'signing.json');
    chmodSync(file, 0o644);
    await expect(ensureRealmKeys(folder, 'town')).rejects.toThrow(`chmod 600 ${file}`);
    expect(() => listKeys(folder, 'town')).toThrow('chmod 600');
    await expect(ensureRealmKeys(folder, 'town', { demo: true })).resolves.toBeDefined();
  });

  test.each(['signing.json', 'cookies.json', 'secret', 'saml.pem'])('says that %s is damaged', async (name) => {
    await ensureRealmKeys(folder, 'town');
    writeFileSync(join(folder, 'town', name), '{"current":');
    await expect(ensureRealmKeys(folder, 'town')).rejects.toThrow(`${join(folder, 'town', name)} is damaged`);
  });
});

test('new RSA keys have the size that the profile asks', async () => {
  const { jwks } = await ensureRealmKeys(folder, 'town', { rsaBits: 3072 });
  for (const { n } of jwks.keys.filter((key) => key.kty === 'RSA')) expect(Buffer.from(String(n), 'base64url')).toHaveLength(384);
});

describe('rotate', () => {
  test('the next key signs, the old one stays published, everything else stays', async () => {
    const before = await ensureRealmKeys(folder, 'town');
    await rotate(folder, 'town');
    const after = await ensureRealmKeys(folder, 'town');
    expect(after.jwks.keys.slice(0, 6)).toEqual([...before.jwks.keys.slice(3), ...before.jwks.keys.slice(0, 3)]);
    expect(after.jwks.keys).toHaveLength(9);
    // what signs now was known before, and what signed before still verifies
    expect([after.cookies[0], after.cookies[2]]).toEqual([before.cookies[1], before.cookies[0]]);
    expect([after.secret, after.saml]).toEqual([before.secret, before.saml]);
    await rotate(folder, 'town');
    const { jwks, cookies } = await ensureRealmKeys(folder, 'town');
    expect(jwks.keys).toHaveLength(9);
    expect(cookies).toEqual([after.cookies[1], expect.any(String), after.cookies[0]]);
  });

  test('a cookie key without a next one signs once more, while its next one becomes known', async () => {
    const { cookies: [only] } = await ensureRealmKeys(folder, 'town');
    writeFileSync(join(folder, 'town', 'cookies.json'), JSON.stringify([only]), { mode: 0o600 });
    await rotate(folder, 'town');
    const { cookies } = await ensureRealmKeys(folder, 'town');
    expect(cookies).toEqual([only, expect.any(String)]);
    await rotate(folder, 'town');
    expect((await ensureRealmKeys(folder, 'town')).cookies).toEqual([cookies[1], expect.any(String), only]);
  });

  test('listing shows states and nothing secret', async () => {
    expect(listKeys(folder, 'town')).toEqual([]);
    const infos = await rotate(folder, 'town');
    expect(infos.map((key) => `${key.use} ${key.state} ${key.algorithms.join()}`)).toEqual([
      'signing current ES256', 'signing current RS256,PS256', 'encryption current RSA-OAEP-256,RSA-OAEP',
      'signing next ES256', 'signing next RS256,PS256', 'encryption next RSA-OAEP-256,RSA-OAEP',
      'signing previous ES256', 'signing previous RS256,PS256', 'encryption previous RSA-OAEP-256,RSA-OAEP', 'saml current RS256',
    ]);
    expect(JSON.stringify(infos)).not.toMatch(/"d"|PRIVATE/);
  });
});
