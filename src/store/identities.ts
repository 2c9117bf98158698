import type { Insertable, Selectable } from 'kysely';
import type { Db, Tables } from './schema.ts';

export type IdentityRow = Selectable<Tables['broker_identities']>;

/** Whose account a broker's pseudonym is, acting for this organisation (E27). */
export async function findIdentity(db: Db, brokerId: string, actingSubject: string, organisationId: string): Promise<IdentityRow | undefined> {
  return db.selectFrom('broker_identities').selectAll()
    .where('broker_id', '=', brokerId).where('acting_subject', '=', actingSubject).where('organisation_id', '=', organisationId)
    .executeTakeFirst();
}

/** @throws a conflict (`isConflict`) when the pseudonym has an account in this organisation already */
export async function insertIdentity(tx: Db, row: Insertable<Tables['broker_identities']>): Promise<void> {
  await tx.insertInto('broker_identities').values(row).execute();
}

/** Notes that a broker showed this person again. */
export async function touchIdentity(tx: Db, brokerId: string, actingSubject: string, organisationId: string, now: number): Promise<void> {
  await tx.updateTable('broker_identities').set({ last_seen_at: now })
    .where('broker_id', '=', brokerId).where('acting_subject', '=', actingSubject).where('organisation_id', '=', organisationId)
    .execute();
}

/** Every way into an account. */
export async function listIdentities(db: Db, accountId: string): Promise<IdentityRow[]> {
  return db.selectFrom('broker_identities').selectAll().where('account_id', '=', accountId).orderBy('created_at').execute();
}
