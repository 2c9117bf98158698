import argon2 from 'argon2';
import type { Realm } from '../../config/schema.ts';
import { foreignVerifier } from './foreign.ts';
import { hashGate } from './gate.ts';

export type HashSettings = Realm['login']['argon2'];

/** Longest password, in characters (code points after NFC). Longer ones are right for nobody, and cost no hash of themselves. */
export const LONGEST = 256;

/**
 * A PHC string (Argon2id). Text is normalised to NFC, so that the same keys give the same bytes on every machine.
 * @throws TooBusy when too many wait for a hash
 */
export function hashPassword(plain: string, settings: HashSettings): Promise<string> {
  return hashGate.run(() => argon2.hash(plain.normalize('NFC'), options(settings)));
}

function options({ memory_kib, passes, lanes }: HashSettings) {
  return { type: 2 as const /* Argon2id */, memoryCost: memory_kib, timeCost: passes, parallelism: lanes };
}

/**
 * Is this the password of that hash? Also of one that came from elsewhere: bcrypt, PBKDF2, SSHA. In constant time; a hash
 * of no kind that we know fits nothing.
 * @throws TooBusy when too many wait for a hash
 */
export async function verifyHash(hash: string, plain: string): Promise<boolean> {
  const text = plain.normalize('NFC');
  if (isOwn(hash)) return hashGate.run(() => argon2.verify(hash, text));
  const verify = foreignVerifier(hash);
  return verify ? hashGate.run(() => verify(text)) : false;
}

/** Made by us, with whatever settings. */
export function isOwn(hash: string): boolean {
  return /^\$argon2id?\$/.test(hash);
}

/** Was it made elsewhere, or with other settings than the realm has now? */
export function needsRehash(hash: string, settings: HashSettings): boolean {
  return !isOwn(hash) || argon2.needsRehash(hash, options(settings));
}

const decoys = new Map<string, Promise<string>>();

/** A hash that nobody has the password of: what an unknown name is checked against, so that time tells nothing. */
export function decoyFor(settings: HashSettings): Promise<string> {
  const key = JSON.stringify(settings);
  const known = decoys.get(key) ?? hashPassword(crypto.randomUUID(), settings);
  decoys.set(key, known);
  // too busy just now is not too busy for ever
  known.catch(() => decoys.delete(key));
  return known;
}
