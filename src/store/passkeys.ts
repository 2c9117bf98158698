import type { Insertable, Selectable } from 'kysely';
import type { Db, Tables } from './schema.ts';

export type PasskeyRow = Selectable<Tables['passkeys']>;

/** Passkeys of an account, the oldest first. */
export async function listPasskeys(db: Db, accountId: string): Promise<PasskeyRow[]> {
  return db.selectFrom('passkeys').selectAll().where('account_id', '=', accountId).orderBy('created_at').orderBy('name').orderBy('id').execute();
}

/** @param credentialId as its authenticator names it, base64url */
export async function findPasskey(db: Db, credentialId: string): Promise<PasskeyRow | undefined> {
  return db.selectFrom('passkeys').selectAll().where('credential_id', '=', credentialId).executeTakeFirst();
}

/** @returns false when this credential is somebody's already */
export async function insertPasskey(tx: Db, row: Insertable<Tables['passkeys']>): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await tx.insertInto('passkeys').values(row).onConflict((conflict) => conflict.column('credential_id').doNothing()).executeTakeFirst();
  return numInsertedOrUpdatedRows === 1n;
}

/** @returns false when the account has no such passkey */
export async function renamePasskey(tx: Db, { id, accountId, name }: { id: string; accountId: string; name: string }): Promise<boolean> {
  const result = await tx.updateTable('passkeys').set({ name }).where('id', '=', id).where('account_id', '=', accountId).executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/** @returns false when the account has no such passkey */
export async function removePasskey(tx: Db, { id, accountId }: { id: string; accountId: string }): Promise<boolean> {
  const result = await tx.deleteFrom('passkeys').where('id', '=', id).where('account_id', '=', accountId).executeTakeFirst();
  return result.numDeletedRows > 0n;
}

/** @returns how many the account had */
export async function removePasskeys(tx: Db, accountId: string): Promise<number> {
  return Number((await tx.deleteFrom('passkeys').where('account_id', '=', accountId).executeTakeFirst()).numDeletedRows);
}

/**
 * Writes that a passkey was used. Its counter must have risen, or be 0 on both sides (WebAuthn Level 3, 7.2, step 22).
 * @returns false when it has not, or the passkey is gone or blocked: of two signatures with one number, one gets true
 */
export async function usePasskey(tx: Db, id: string, { counter, backedUp, now }: { counter: number; backedUp: boolean; now: number }): Promise<boolean> {
  const result = await tx.updateTable('passkeys').set({ counter, backed_up: backedUp ? 1 : 0, last_used_at: now })
    .where('id', '=', id).where('blocked_at', 'is', null)
    .where((eb) => eb.or([eb('counter', '<', counter), ...(counter === 0 ? [eb('counter', '=', 0)] : [])])).executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/** @returns false when it was blocked before, or is gone */
export async function blockPasskey(tx: Db, id: string, now: number): Promise<boolean> {
  const result = await tx.updateTable('passkeys').set({ blocked_at: now }).where('id', '=', id).where('blocked_at', 'is', null).executeTakeFirst();
  return result.numUpdatedRows > 0n;
}
