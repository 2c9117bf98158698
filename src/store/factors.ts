import type { Insertable, Selectable } from 'kysely';
import { holdAccount } from './accounts.ts';
import type { Db, Tables } from './schema.ts';

export type FactorRow = Selectable<Tables['factors']>;
export type RecoveryCodeRow = Selectable<Tables['recovery_codes']>;

/** Holds an account's factors until the end of the transaction: of two who change them at once, the second sees what the first did. */
export async function holdFactors(tx: Db, accountId: string): Promise<FactorRow[]> {
  await holdAccount(tx, accountId);
  return findFactors(tx, accountId);
}

export async function findFactors(db: Db, accountId: string): Promise<FactorRow[]> {
  return db.selectFrom('factors').selectAll().where('account_id', '=', accountId).orderBy('created_at').orderBy('kind', 'desc').execute();
}

export async function findFactor(db: Db, accountId: string, kind: FactorRow['kind']): Promise<FactorRow | undefined> {
  return db.selectFrom('factors').selectAll().where('account_id', '=', accountId).where('kind', '=', kind).executeTakeFirst();
}

/** Adds a factor; one of the same kind that the account had is gone. @throws a conflict (`isConflict`) when two do so at once */
export async function insertFactor(tx: Db, row: Insertable<Tables['factors']>): Promise<void> {
  await removeFactor(tx, row.account_id, row.kind);
  await tx.insertInto('factors').values(row).execute();
}

/** @returns false when there was none */
export async function removeFactor(tx: Db, accountId: string, kind: FactorRow['kind']): Promise<boolean> {
  const result = await tx.deleteFrom('factors').where('account_id', '=', accountId).where('kind', '=', kind).executeTakeFirst();
  return result.numDeletedRows > 0n;
}

/**
 * Uses up a time step and every one before it. A step above `newest` was accepted while the clock was ahead and binds nobody.
 * @returns false when it was used already, or the factor is gone: of two at once, one gets true
 */
export async function useStep(tx: Db, id: string, { step, newest, now }: { step: number; newest: number; now: number }): Promise<boolean> {
  const result = await tx.updateTable('factors').set({ last_step: step, last_used_at: now }).where('id', '=', id)
    .where((eb) => eb.or([eb('last_step', 'is', null), eb('last_step', '<', step), eb('last_step', '>', newest)])).executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/** @returns false when the factor is gone */
export async function touchFactor(tx: Db, id: string, now: number): Promise<boolean> {
  const result = await tx.updateTable('factors').set({ last_used_at: now }).where('id', '=', id).executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/** Puts new recovery codes in place of all that the account had. */
export async function replaceRecoveryCodes(tx: Db, accountId: string, rows: Insertable<Tables['recovery_codes']>[]): Promise<void> {
  await tx.deleteFrom('recovery_codes').where('account_id', '=', accountId).execute();
  if (rows.length > 0) await tx.insertInto('recovery_codes').values(rows).execute();
}

/** Those that were not used. */
export async function listRecoveryCodes(db: Db, accountId: string): Promise<RecoveryCodeRow[]> {
  return db.selectFrom('recovery_codes').selectAll().where('account_id', '=', accountId).where('used_at', 'is', null).orderBy('id').execute();
}

/** @returns false when it was used or replaced: of two at once, one gets true */
export async function useRecoveryCode(tx: Db, id: string, now: number): Promise<boolean> {
  const result = await tx.updateTable('recovery_codes').set({ used_at: now }).where('id', '=', id).where('used_at', 'is', null).executeTakeFirst();
  return result.numUpdatedRows > 0n;
}
