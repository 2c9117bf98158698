import { randomBytes, X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { newKeyPair, readKeyPair, type KeyPair } from './certificate.ts';
import { createKeyFile, KeyError, readKeyFile, replaceKeyFile, type KeyOptions } from './files.ts';
import { jwksOf, newSigningFile, rotated, signingSchema, type PrivateJwk, type SigningFile } from './signing.ts';

export { KeyError } from './files.ts';

/** Everything secret of a realm. */
export type RealmKeys = {
  /** private keys; the first that fits signs, all are published; those with `use: enc` open what was encrypted to us */
  jwks: { keys: PrivateJwk[] };
  /** the first signs cookies, all verify; the second signs next, so that every node knows it before another signs with it */
  cookies: string[];
  /** 32 bytes; what needs a key that never rotates derives its own from it (`derivedKey`) */
  secret: Buffer;
  /** the service provider's own key and certificate (PEM) */
  saml: KeyPair;
};

export type KeyInfo = { kid: string; use: 'signing' | 'encryption' | 'saml'; algorithms: string[]; state: 'current' | 'previous' | 'next'; since: number; until?: number };

const cookiesSchema = z.array(z.string().min(32)).min(1);

/**
 * Reads the keys of a realm from `<folder>/<realm>/` and makes those that are missing (mode 0600).
 * @throws KeyError when a file can be read by others (outside the demo world) or is damaged
 */
export async function ensureRealmKeys(folder: string, realmId: string, options: KeyOptions = {}): Promise<RealmKeys> {
  const files = filesOf(folder, realmId);
  const now = seconds();
  await ensure(files.secret, options, () => newSecret());
  await ensure(files.signing, options, () => pretty(newSigningFile(now, options.rsaBits ?? 2048)));
  await ensure(files.cookies, options, () => pretty([newSecret(), newSecret()]));
  await ensure(files.saml, options, async () => {
    const { key, cert } = await newKeyPair(`Sluis ${realmId}`, now);
    return key + cert;
  });
  return readRealmKeys(folder, realmId, options);
}

/** Reads the keys of a realm and makes none. @throws KeyError when one is missing, damaged, or can be read by others */
export function readRealmKeys(folder: string, realmId: string, options: KeyOptions = {}): RealmKeys {
  const files = filesOf(folder, realmId);
  const text = (file: string): string => {
    const found = readKeyFile(file, options);
    if (found === undefined) throw new KeyError(`${file} is gone: put back a copy`);
    return found;
  };
  const secret = Buffer.from(text(files.secret).trim(), 'base64url');
  if (secret.length < 32) throw new KeyError(`${files.secret} is damaged: it must hold 32 random bytes as base64url`);
  return {
    jwks: jwksOf(parse(files.signing, text(files.signing), signingSchema)),
    cookies: parse(files.cookies, text(files.cookies), cookiesSchema),
    secret,
    saml: samlPair(files.saml, text(files.saml)),
  };
}

/** What rotates, as it stands in the files: to see whether anything changed. @throws KeyError when it can be read by others */
export function rotatingTexts(folder: string, realmId: string, options: KeyOptions = {}): string {
  const { signing, cookies } = filesOf(folder, realmId);
  return `${readKeyFile(signing, options)}\n${readKeyFile(cookies, options)}`;
}

/**
 * The published next key signs from now on and a new next key is published; the old one stays for what it signed. So do
 * the keys of cookies. The SAML key stays: brokers must be told first. Running servers notice within seconds (watch.ts).
 * @throws KeyError as `ensureRealmKeys`
 */
export async function rotate(folder: string, realmId: string, options: KeyOptions = {}): Promise<KeyInfo[]> {
  const { cookies } = await ensureRealmKeys(folder, realmId, options);
  const files = filesOf(folder, realmId);
  replaceKeyFile(files.signing, pretty(rotated(readSigning(files.signing, options), seconds(), options.rsaBits ?? 2048)));
  const [current = newSecret(), next] = cookies;
  // a file of 0.1.0 may hold no next key: it is published first, or one node would sign with what the others do not know
  replaceKeyFile(files.cookies, pretty(next === undefined ? [current, newSecret()] : [next, newSecret(), current]));
  return listKeys(folder, realmId, options);
}

/** What there is, without anything secret. A realm that never started has none. @throws KeyError as `ensureRealmKeys` */
export function listKeys(folder: string, realmId: string, options: KeyOptions = {}): KeyInfo[] {
  const files = filesOf(folder, realmId);
  if (readKeyFile(files.signing, options) === undefined) return [];
  const signing = readSigning(files.signing, options);
  const infos = (['current', 'next', 'previous'] as const).flatMap((state) => (signing[state]?.keys ?? []).map((key): KeyInfo => ({
    kid: key.kid, use: key['use'] === 'enc' ? 'encryption' : 'signing', algorithms: algorithmsOf(key), state, since: signing[state]!.created_at,
  })));
  const saml = readKeyFile(files.saml, options);
  return saml === undefined ? infos : [...infos, samlInfo(samlPair(files.saml, saml))];
}

/** What a private key serves: an RSA key has two algorithms. */
export function algorithmsOf({ kty, use }: { kty?: unknown; use?: unknown }): string[] {
  if (kty === 'EC') return ['ES256'];
  return use === 'enc' ? ['RSA-OAEP-256', 'RSA-OAEP'] : ['RS256', 'PS256'];
}

function samlInfo({ cert }: KeyPair): KeyInfo {
  const { fingerprint256, validFrom, validTo } = new X509Certificate(cert);
  return { kid: fingerprint256, use: 'saml', algorithms: ['RS256'], state: 'current', since: Date.parse(validFrom) / 1000, until: Date.parse(validTo) / 1000 };
}

function filesOf(folder: string, realmId: string): { signing: string; cookies: string; secret: string; saml: string } {
  const file = (name: string): string => join(folder, realmId, name);
  return { signing: file('signing.json'), cookies: file('cookies.json'), secret: file('secret'), saml: file('saml.pem') };
}

async function ensure(file: string, options: KeyOptions, make: () => string | Promise<string>): Promise<void> {
  if (readKeyFile(file, options) === undefined) createKeyFile(file, await make());
}

function readSigning(file: string, options: KeyOptions): SigningFile {
  return parse(file, readKeyFile(file, options) ?? '', signingSchema);
}

function parse<T extends z.ZodType>(file: string, text: string, schema: T): z.output<T> {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    throw new KeyError(`${file} is damaged: put back a copy, or move it away to have new keys made`);
  }
}

function samlPair(file: string, text: string): KeyPair {
  const pair = readKeyPair(text);
  if (!pair) throw new KeyError(`${file} is damaged: it must hold a private key and the certificate that belongs to it`);
  return pair;
}

function newSecret(): string {
  return randomBytes(32).toString('base64url');
}

function pretty(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function seconds(): number {
  return Math.floor(Date.now() / 1000);
}
