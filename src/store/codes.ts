import type { Insertable, Selectable } from 'kysely';
import type { Db, Tables } from './schema.ts';

type Table = 'verification_codes' | 'activation_codes' | 'sent_codes';
export type CodeRow<Of extends Table> = Selectable<Tables[Of]>;
export type CloseReason = NonNullable<Tables['verification_codes']['close_reason']>;

/** Codes that people type once, of one table: at most one is open for each owner. */
export type Codes<Of extends Table> = {
  /** Stores a new code; an open one of the same owner is closed as replaced, so at most one works. */
  insert(tx: Db, row: Omit<Insertable<Tables[Of]>, 'tries' | 'closed_at' | 'close_reason'>): Promise<void>;
  /**
   * Takes one try of the open code, before anything is compared: fifty guesses at once take at most `max_tries`.
   * An expired code is given too; the caller judges.
   * @returns the code with this try counted; undefined when none is open or its tries are gone
   */
  takeTry(db: Db, ownerId: string): Promise<CodeRow<Of> | undefined>;
  /** @returns false when the code was closed already: of two who use it at once, one does */
  close(tx: Db, id: string, reason: NonNullable<Tables[Of]['close_reason']>, now: number): Promise<boolean>;
  /** Closes the open code of an owner, when there is one. */
  closeOpen(tx: Db, ownerId: string, reason: NonNullable<Tables[Of]['close_reason']>, now: number): Promise<void>;
  /** The code issued last, open or closed. */
  latest(db: Db, ownerId: string): Promise<CodeRow<Of> | undefined>;
};

/** Table, column of the owner, and the row to lock: its table and the column that names it. */
type Names = {
  verification_codes: ['verification_codes', 'membership_id', 'memberships', 'membership_id'];
  activation_codes: ['activation_codes', 'account_id', 'accounts', 'account_id'];
  sent_codes: ['sent_codes', 'purpose', 'accounts', 'account_id'];
};

function codesIn<Of extends Table>(...names: Names[Of]): Codes<Of> {
  // kysely's types are of one table at a time; what is used here is the same in all
  const [table, owner, owners, locked] = names as unknown as Names['verification_codes'];
  const all: Codes<'verification_codes'> = {
    async insert(tx, row) {
      // locks the owner on PostgreSQL: of two codes issued at once, the second waits and replaces the first
      await tx.updateTable(owners).set((eb) => ({ status: eb.ref('status') })).where('id', '=', row[locked]).execute();
      await all.closeOpen(tx, row[owner], 'replaced', row.issued_at);
      await tx.insertInto(table).values(row).execute();
    },
    takeTry: (db, ownerId) => db.updateTable(table).set((eb) => ({ tries: eb('tries', '+', eb.lit(1)) }))
      .where(owner, '=', ownerId).where('closed_at', 'is', null)
      .whereRef('tries', '<', 'max_tries')
      .returningAll().executeTakeFirst(),
    async close(tx, id, reason, now) {
      const result = await tx.updateTable(table).set({ closed_at: now, close_reason: reason })
        .where('id', '=', id).where('closed_at', 'is', null).executeTakeFirst();
      return result.numUpdatedRows > 0n;
    },
    async closeOpen(tx, ownerId, reason, now) {
      await tx.updateTable(table).set({ closed_at: now, close_reason: reason })
        .where(owner, '=', ownerId).where('closed_at', 'is', null).execute();
    },
    latest: (db, ownerId) => db.selectFrom(table).selectAll().where(owner, '=', ownerId)
      // within one second too: a replaced one is never the last
      .orderBy((eb) => eb.case().when('closed_at', 'is', null).then(eb.lit(0)).when('close_reason', '=', 'replaced').then(eb.lit(2)).else(eb.lit(1)).end())
      .orderBy('issued_at', 'desc').orderBy('closed_at', 'desc').limit(1).executeTakeFirst(),
  };
  return all as unknown as Codes<Of>;
}

/** Of registrations through a broker (row IB-5). */
export const verificationCodes = codesIn<'verification_codes'>('verification_codes', 'membership_id', 'memberships', 'membership_id');
/** Of local accounts (row CAK-3). */
export const activationCodes = codesIn<'activation_codes'>('activation_codes', 'account_id', 'accounts', 'account_id');
/** Sent by SMS or told by telephone; the owner is what they are for (`purpose`). */
export const sentCodes = codesIn<'sent_codes'>('sent_codes', 'purpose', 'accounts', 'account_id');

/** Removes at most `limit` codes that were sent by SMS, voice or mail and expired at `until` (epoch seconds) or before. */
export async function purgeSentCodes(db: Db, until: number, limit: number): Promise<number> {
  const result = await db.deleteFrom('sent_codes')
    .where('id', 'in', (query) => query.selectFrom('sent_codes').select('id').where('expires_at', '<=', until).limit(limit)).executeTakeFirst();
  return Number(result.numDeletedRows);
}

/** Removes at most `limit` activation codes that were closed at `until` (epoch seconds) or before. */
export async function purgeActivationCodes(db: Db, until: number, limit: number): Promise<number> {
  const result = await db.deleteFrom('activation_codes')
    .where('id', 'in', (query) => query.selectFrom('activation_codes').select('id').where('closed_at', '<=', until).limit(limit)).executeTakeFirst();
  return Number(result.numDeletedRows);
}
