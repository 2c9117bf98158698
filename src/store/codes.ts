import type { Insertable, Selectable } from 'kysely';
import type { Db, Tables } from './schema.ts';

export type CodeRow = Selectable<Tables['verification_codes']>;
export type CloseReason = NonNullable<Tables['verification_codes']['close_reason']>;

/** Stores a new code; an open one of the same membership is closed as replaced, so at most one works. */
export async function insertCode(tx: Db, row: Omit<Insertable<Tables['verification_codes']>, 'tries' | 'closed_at' | 'close_reason'>): Promise<void> {
  // locks the membership on PostgreSQL: of two codes issued at once, the second waits and replaces the first
  await tx.updateTable('memberships').set((eb) => ({ status: eb.ref('status') })).where('id', '=', row.membership_id).execute();
  await tx.updateTable('verification_codes').set({ closed_at: row.issued_at, close_reason: 'replaced' })
    .where('membership_id', '=', row.membership_id).where('closed_at', 'is', null).execute();
  await tx.insertInto('verification_codes').values(row).execute();
}

/**
 * Takes one try of the open code, before anything is compared: fifty guesses at once take at most `max_tries`.
 * An expired code is given too; the caller judges.
 * @returns the code with this try counted; undefined when none is open or its tries are gone
 */
export async function takeTry(db: Db, membershipId: string): Promise<CodeRow | undefined> {
  return db.updateTable('verification_codes').set((eb) => ({ tries: eb('tries', '+', eb.lit(1)) }))
    .where('membership_id', '=', membershipId).where('closed_at', 'is', null)
    .whereRef('tries', '<', 'max_tries')
    .returningAll().executeTakeFirst();
}

/** @returns false when the code was closed already: of two who use it at once, one does */
export async function closeCode(tx: Db, id: string, reason: CloseReason, now: number): Promise<boolean> {
  const result = await tx.updateTable('verification_codes').set({ closed_at: now, close_reason: reason })
    .where('id', '=', id).where('closed_at', 'is', null).executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/** Closes the open code of a membership, when there is one. */
export async function closeOpenCode(tx: Db, membershipId: string, reason: CloseReason, now: number): Promise<void> {
  await tx.updateTable('verification_codes').set({ closed_at: now, close_reason: reason })
    .where('membership_id', '=', membershipId).where('closed_at', 'is', null).execute();
}

/** The code issued last, open or closed. */
export async function latestCode(db: Db, membershipId: string): Promise<CodeRow | undefined> {
  return db.selectFrom('verification_codes').selectAll().where('membership_id', '=', membershipId)
    .orderBy((eb) => eb.case().when('closed_at', 'is', null).then(eb.lit(0)).else(eb.lit(1)).end())
    .orderBy('issued_at', 'desc').orderBy('closed_at', 'desc').limit(1).executeTakeFirst();
}
