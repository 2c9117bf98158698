import { createHash } from 'node:crypto';
import { findPassword, holdAccount } from '../../store/accounts.ts';
import type { Db } from '../../store/schema.ts';

/** Tells one password of an account from the next; each has a salt of its own. Empty while there is none. */
export function markOf(hash: string | null | undefined): string {
  return hash ? createHash('sha256').update(hash).digest('base64url') : '';
}

/** Has the account still the password that was there before? Until the end of the transaction nobody else replaces it. */
export async function isPresent(tx: Db, accountId: string, mark: string): Promise<boolean> {
  await holdAccount(tx, accountId);
  return markOf((await findPassword(tx, accountId))?.hash) === mark;
}
