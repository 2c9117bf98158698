import type { Insertable, Selectable, Updateable } from 'kysely';
import type { Db, Tables } from './schema.ts';

export type RunRow = Selectable<Tables['runs']>;

export async function insertRun(tx: Db, row: Insertable<Tables['runs']>): Promise<void> {
  await tx.insertInto('runs').values(row).execute();
}

export async function findRun(db: Db, id: string): Promise<RunRow | undefined> {
  return db.selectFrom('runs').selectAll().where('id', '=', id).executeTakeFirst();
}

/**
 * Compare-and-set: writes only when the run still has the version that was read, and raises it by one.
 * @returns false when another turn was first; the caller rolls back
 */
export async function saveRun(tx: Db, id: string, expectedVersion: number, patch: Omit<Updateable<Tables['runs']>, 'id' | 'version'>): Promise<boolean> {
  const result = await tx.updateTable('runs').set({ ...patch, version: expectedVersion + 1 })
    .where('id', '=', id).where('version', '=', expectedVersion).executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/**
 * Has the open runs in which somebody showed something begin anew: what lets them in was just replaced, and who is half way with
 * what was there before must not go on. A turn that is under way is overtaken.
 */
export async function beginAnew(tx: Db, accountId: string): Promise<void> {
  await tx.updateTable('runs')
    .set((eb) => ({ journal: '[]', state: '{}', notice: null, account_id: null, organisation_id: null, version: eb('version', '+', 1) }))
    .where('status', '=', 'open').where('journal', 'like', `%"accountId":${JSON.stringify(accountId)}%`).execute();
}

/** Removes at most `limit` runs that expired before a moment (epoch seconds). */
export async function purgeRuns(db: Db, before: number, limit: number): Promise<number> {
  const result = await db.deleteFrom('runs')
    .where('id', 'in', (query) => query.selectFrom('runs').select('id').where('expires_at', '<', before).limit(limit)).executeTakeFirst();
  return Number(result.numDeletedRows);
}
