import { findLogin, findPassword } from '../../store/accounts.ts';
import type { Db } from '../../store/schema.ts';
import { decoyFor, hashPassword, needsRehash, verifyHash, type HashSettings } from './hash.ts';

/**
 * Who these belong to, or undefined. An unknown name costs the same hash as a known one, so that time tells nothing.
 * `rehash` is given when the stored hash was made elsewhere or with other settings.
 * @throws TooBusy when too many wait for a hash
 */
export async function authenticate(db: Db, settings: HashSettings, login: { scope: string; username: string; password: string }): Promise<{ accountId: string; rehash?: string } | undefined> {
  const accountId = (await findLogin(db, login.scope, login.username))?.account_id;
  const stored = accountId === undefined ? undefined : await findPassword(db, accountId);
  const hash = stored?.hash ?? await decoyFor(settings);
  const right = await verifyHash(hash, login.password);
  if (!right || accountId === undefined || stored === undefined) return undefined;
  return needsRehash(hash, settings) ? { accountId, rehash: await hashPassword(login.password, settings) } : { accountId };
}
