import type { Insertable, Selectable } from 'kysely';
import { preparedRow, recalled } from './prepared.ts';
import type { Db, Tables } from './schema.ts';

export type GrantRow = Selectable<Tables['grants']>;

export async function insertGrant(tx: Db, row: Insertable<Tables['grants']>): Promise<void> {
  await insert(tx, row);
}

const insert = preparedRow((db, row: Insertable<Tables['grants']>) => db.insertInto('grants').values(row));

/** The level that the grant's tokens are given out with changes with what the person shows. */
export async function setGrantAcr(tx: Db, id: string, acr: string): Promise<void> {
  await tx.updateTable('grants').set({ acr }).where('id', '=', id).execute();
}

const byId = recalled((db, given) => db.selectFrom('grants').selectAll().where('id', '=', given('id')), ([row]) => row);

export async function findGrant(db: Db, id: string): Promise<GrantRow | undefined> {
  return byId(db, { id });
}

const newest = (none: boolean) => recalled((db, given) => db.selectFrom('grants').selectAll().where('session_id', '=', given('session')).where('client_id', '=', given('client'))
  .where('organisation_id', none ? 'is' : '=', none ? null : given('organisation')).orderBy('created_at', 'desc').orderBy('id').limit(1), ([row]) => row);
const [newestOfOne, newestOfNone] = [newest(false), newest(true)];

/** The newest grant of a session to a client for one organisation (null: for none). */
export async function findGrantFor(db: Db, { sessionId, clientId, organisationId }: { sessionId: string; clientId: string; organisationId: string | null }): Promise<GrantRow | undefined> {
  const parameters = { session: sessionId, client: clientId };
  return organisationId === null ? newestOfNone(db, parameters) : newestOfOne(db, { ...parameters, organisation: organisationId });
}

/** Every grant given out of a session: what must end when the session does. */
export async function listGrantsOf(db: Db, sessionId: string): Promise<GrantRow[]> {
  return db.selectFrom('grants').selectAll().where('session_id', '=', sessionId).orderBy('created_at').execute();
}

export async function deleteGrant(tx: Db, id: string): Promise<void> {
  await tx.deleteFrom('grants').where('id', '=', id).execute();
}
