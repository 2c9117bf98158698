import { findByNames, hasForeignHashes, type FoundLogin, type TypedNames } from '../../store/logins.ts';
import type { Db } from '../../store/schema.ts';
import { onGrid } from '../steady.ts';
import { decoyFor, hashPassword, needsRehash, verifyHash, type HashSettings } from './hash.ts';

/** `hash`: of the password that was judged; `rehash.to` is another one of the same password. */
export type Authenticated = { accountId: string; oneTime: boolean; changedAt: number; hash: string; rehash?: { to: string } };

/**
 * Who these belong to, or undefined. An unknown name costs the same question and the same hash as a known one, so that time
 * tells nothing. `rehash` is given when the stored hash was made elsewhere or with other settings.
 * @throws TooBusy when too many wait for a hash
 */
export async function authenticate(db: Db, settings: HashSettings, { password, ...names }: TypedNames & { password: string }): Promise<Authenticated | undefined> {
  return judgePassword(db, settings, await findByNames(db, names), password);
}

/** As `authenticate`, of what was found already. */
export async function judgePassword(db: Db, settings: HashSettings, found: FoundLogin | undefined, password: string): Promise<Authenticated | undefined> {
  const start = performance.now();
  const hash = found?.hash ?? await decoyFor(settings);
  const right = await verifyHash(hash, password);
  if (!right || !found || found.hash === null) {
    // a hash of another kind takes another time, and would tell that the name is known
    if (await hasForeignHashes(db)) await onGrid(start);
    return undefined;
  }
  const { accountId, oneTime, changedAt } = found;
  const to = needsRehash(hash, settings) ? await hashPassword(password, settings) : undefined;
  return { accountId, oneTime, changedAt: changedAt ?? 0, hash, ...(to !== undefined && { rehash: { to } }) };
}
