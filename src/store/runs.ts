import type { Insertable, Selectable, Updateable } from 'kysely';
import { held } from './held.ts';
import { changed, prepared, preparedRow } from './prepared.ts';
import type { Db, Tables } from './schema.ts';

export type RunRow = Selectable<Tables['runs']>;

export async function insertRun(tx: Db, row: Insertable<Tables['runs']>): Promise<void> {
  await insert(tx, row);
}

const insert = preparedRow((db, row: Insertable<Tables['runs']>) => db.insertInto('runs').values(row));

const byId = prepared((db, given) => db.selectFrom('runs').selectAll().where('id', '=', given('id')));

export async function findRun(db: Db, id: string): Promise<RunRow | undefined> {
  return (await byId(db, { id })).rows[0];
}

const overtake = preparedRow((db, patch: Updateable<Tables['runs']>, given) => db.updateTable('runs').set(patch).where('id', '=', given('run')).where('version', '=', given('before')));

/**
 * Compare-and-set: writes only when the run still has the version that was read, and raises it by one.
 * @returns false when another turn was first; the caller rolls back
 */
export async function saveRun(tx: Db, id: string, expectedVersion: number, patch: Omit<Updateable<Tables['runs']>, 'id' | 'version'>): Promise<boolean> {
  return changed(await overtake(tx, { ...patch, version: expectedVersion + 1 }, { run: id, before: expectedVersion })) > 0;
}

/** Which runs go on as they are: those that began in a session, and one. */
export type Kept = { sessionId?: string; runId?: string };

/**
 * Has the runs in which somebody showed something begin anew, also those that are done and whose answer still waits at the provider
 * for the browser to fetch it: who is on the way in with what was there before must not go on. A turn that is under way is
 * overtaken. What was answered keeps its journal.
 */
export async function beginAnew(tx: Db, accountId: string, { sessionId, runId }: Kept = {}): Promise<void> {
  await tx.updateTable('runs')
    .set((eb) => ({ journal: '[]', state: '{}', notice: null, status: 'open', account_id: null, organisation_id: null, version: eb('version', '+', 1) }))
    .where('journal', 'like', `%"accountId":${JSON.stringify(accountId)}%`)
    .where((eb) => eb.or([
      eb('status', '=', 'open'),
      eb.and([eb('status', '=', 'done'), eb.exists(eb.selectFrom('documents').select('documents.id').where('documents.model', '=', 'Interaction').whereRef('documents.id', '=', 'runs.id'))]),
    ]))
    .$if(sessionId !== undefined, (runs) => runs.where('request', 'not like', `%"session":${JSON.stringify(sessionId)}%`))
    .$if(runId !== undefined, (runs) => runs.where('id', '!=', runId ?? ''))
    .execute();
}

const done = prepared((db, given) => held(db, db.selectFrom('runs').select('id').where('id', '=', given('id')).where('status', '=', 'done'), 'forShare'));

/** Is a run done? Until the end of the transaction it stays so: nobody has it begin anew before what it came to is written. */
export async function isDone(tx: Db, id: string): Promise<boolean> {
  return (await done(tx, { id })).rows.length > 0;
}

/** Removes at most `limit` runs that expired before a moment (epoch seconds). */
export async function purgeRuns(db: Db, before: number, limit: number): Promise<number> {
  const result = await db.deleteFrom('runs')
    .where('id', 'in', (query) => query.selectFrom('runs').select('id').where('expires_at', '<', before).limit(limit)).executeTakeFirst();
  return Number(result.numDeletedRows);
}
