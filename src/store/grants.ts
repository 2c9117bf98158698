import type { Insertable, Selectable } from 'kysely';
import type { Db, Tables } from './schema.ts';

export type GrantRow = Selectable<Tables['grants']>;

export async function insertGrant(tx: Db, row: Insertable<Tables['grants']>): Promise<void> {
  await tx.insertInto('grants').values(row).execute();
}

export async function findGrant(db: Db, id: string): Promise<GrantRow | undefined> {
  return db.selectFrom('grants').selectAll().where('id', '=', id).executeTakeFirst();
}

/** The newest grant of a session to a client for one organisation (null: for none). */
export async function findGrantFor(db: Db, { sessionId, clientId, organisationId }: { sessionId: string; clientId: string; organisationId: string | null }): Promise<GrantRow | undefined> {
  return db.selectFrom('grants').selectAll().where('session_id', '=', sessionId).where('client_id', '=', clientId)
    .where('organisation_id', organisationId === null ? 'is' : '=', organisationId)
    .orderBy('created_at', 'desc').orderBy('id').limit(1).executeTakeFirst();
}

/** Every grant given out of a session: what must end when the session does. */
export async function listGrantsOf(db: Db, sessionId: string): Promise<GrantRow[]> {
  return db.selectFrom('grants').selectAll().where('session_id', '=', sessionId).orderBy('created_at').execute();
}

export async function deleteGrant(tx: Db, id: string): Promise<void> {
  await tx.deleteFrom('grants').where('id', '=', id).execute();
}
