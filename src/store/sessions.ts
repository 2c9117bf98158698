import { createHash } from 'node:crypto';
import type { Insertable, Selectable } from 'kysely';
import { held } from './held.ts';
import { changed, preparedRow, recalled } from './prepared.ts';
import type { Db, Tables } from './schema.ts';

export type SessionRow = Selectable<Tables['sessions']>;
export type SessionClientRow = Selectable<Tables['session_clients']>;
export type FaceSessionRow = Selectable<Tables['face_sessions']>;

/** Begins a session, or replaces what it proves when somebody logs in again within it. */
export async function putSession(tx: Db, row: Insertable<Tables['sessions']>): Promise<void> {
  const { id: _, created_at: __, ...rest } = row;
  await tx.insertInto('sessions').values(row).onConflict((conflict) => conflict.column('id').doUpdateSet(rest)).execute();
}

/**
 * Begins a session. One that another login began at the same moment is waited for.
 * @returns false when it was there already
 */
export async function beginSession(tx: Db, row: Insertable<Tables['sessions']>): Promise<boolean> {
  return changed(await begin(tx, row)) === 1;
}

const begin = preparedRow((db, row: Insertable<Tables['sessions']>) => db.insertInto('sessions').values(row).onConflict((conflict) => conflict.column('id').doNothing()));

const byId = recalled((db, given) => db.selectFrom('sessions').selectAll().where('id', '=', given('id')), ([row]) => row);

export async function findSession(db: Db, id: string): Promise<SessionRow | undefined> {
  return byId(db, { id });
}

/**
 * A session as it is, held until the transaction ends: `for change` keeps out everybody who changes, ends or joins it;
 * `for joining` only who would end it.
 */
export async function holdSession(tx: Db, id: string, hold: 'for change' | 'for joining'): Promise<SessionRow | undefined> {
  return held(tx, tx.selectFrom('sessions').selectAll().where('id', '=', id), hold === 'for change' ? 'forUpdate' : 'forKeyShare').executeTakeFirst();
}

/**
 * Sessions of a person, or of everybody at an organisation (also when a session has moved on to another one and still
 * holds grants for this one); the newest first.
 */
export async function listSessions(db: Db, { accountId, organisationId }: { accountId?: string; organisationId?: string }): Promise<SessionRow[]> {
  let query = db.selectFrom('sessions').selectAll();
  if (accountId !== undefined) query = query.where('account_id', '=', accountId);
  if (organisationId !== undefined) {
    query = query.where((eb) => eb.or([
      eb('organisation_id', '=', organisationId), eb('id', 'in', eb.selectFrom('grants').select('session_id').where('organisation_id', '=', organisationId)),
    ]));
  }
  return query.orderBy('created_at', 'desc').orderBy('id').execute();
}

/** Ids of sessions without activity since `idleSince`, or at their absolute end (epoch seconds); at most `limit`. */
export async function listSessionsOver(db: Db, { idleSince, now, limit }: { idleSince: number; now: number; limit: number }): Promise<string[]> {
  const rows = await db.selectFrom('sessions').select('id')
    .where((eb) => eb.or([eb('last_active_at', '<=', idleSince), eb('expires_at', '<=', now)])).limit(limit).execute();
  return rows.map((row) => row.id);
}

/** Remembers activity. A clock that stepped back never makes a session older. */
export async function touchSession(db: Db, id: string, now: number): Promise<void> {
  await db.updateTable('sessions').set({ last_active_at: now }).where('id', '=', id).where('last_active_at', '<', now).execute();
}

/** Remembers that a session served a client; the `sid` of one client in one session may change with a new login. */
export async function putSessionClient(tx: Db, row: SessionClientRow): Promise<void> {
  await join(tx, row);
}

const join = preparedRow((db, row: SessionClientRow) => db.insertInto('session_clients').values(row)
  .onConflict((conflict) => conflict.columns(['session_id', 'client_id']).doUpdateSet((eb) => ({ sid: eb.ref('excluded.sid'), logout_uri: eb.ref('excluded.logout_uri') }))));

/** Forgets that a session served a client. @returns what was known; undefined when nothing was */
export async function removeSessionClient(tx: Db, sessionId: string, clientId: string): Promise<SessionClientRow | undefined> {
  return tx.deleteFrom('session_clients').where('session_id', '=', sessionId).where('client_id', '=', clientId).returningAll().executeTakeFirst();
}

export async function listSessionClients(db: Db, sessionId: string): Promise<SessionClientRow[]> {
  return db.selectFrom('session_clients').selectAll().where('session_id', '=', sessionId).orderBy('since').orderBy('client_id').execute();
}

/**
 * Removes a session with all that lives by it: the provider's session, grants and their codes and tokens, face sessions.
 * @returns the session as it was; undefined when another call removed it first
 */
export async function removeSession(tx: Db, id: string): Promise<SessionRow | undefined> {
  // first of all the row itself: of two nodes the second waits here, and then finds nothing to do. With it go the rows of
  // its clients, so whoever must tell them reads those before, with the session held
  const session = await tx.deleteFrom('sessions').where('id', '=', id).returningAll().executeTakeFirst();
  if (!session) return undefined;
  await removeGrantsOf(tx, id);
  await tx.deleteFrom('documents').where('model', '=', 'Session').where('uid', '=', id).execute();
  await endFaceSessionsOf(tx, id);
  return session;
}

/**
 * Removes the grants of a session, or those for one client (of every organisation), with what lives by them: codes,
 * tokens, face sessions. @returns how many grants
 */
export async function removeGrantsOf(tx: Db, sessionId: string, clientId?: string): Promise<number> {
  const ofClient = clientId !== undefined;
  const grants = tx.selectFrom('grants').select('id').where('session_id', '=', sessionId).$if(ofClient, (all) => all.where('client_id', '=', clientId ?? ''));
  await tx.deleteFrom('documents').where('grant_id', 'in', grants).execute();
  await tx.deleteFrom('documents').where('model', '=', 'Grant').where('id', 'in', grants).execute();
  await tx.deleteFrom('face_sessions').where('session_id', '=', sessionId).where('grant_id', 'in', grants).execute();
  const { numDeletedRows } = await tx.deleteFrom('grants').where('session_id', '=', sessionId)
    .$if(ofClient, (all) => all.where('client_id', '=', clientId ?? '')).executeTakeFirstOrThrow();
  return Number(numDeletedRows);
}

/** SHA-256 of a face's cookie, base64url: what `face_sessions` keeps instead of the cookie. */
export function faceSessionHash(cookie: string): string {
  return createHash('sha256').update(cookie).digest('base64url');
}

export async function insertFaceSession(tx: Db, row: Insertable<Tables['face_sessions']>): Promise<void> {
  await tx.insertInto('face_sessions').values(row).execute();
}

export async function findFaceSession(db: Db, hash: string): Promise<FaceSessionRow | undefined> {
  return db.selectFrom('face_sessions').selectAll().where('hash', '=', hash).executeTakeFirst();
}

export async function endFaceSession(tx: Db, hash: string): Promise<void> {
  await tx.deleteFrom('face_sessions').where('hash', '=', hash).execute();
}

export async function endFaceSessionsOf(tx: Db, sessionId: string): Promise<void> {
  await tx.deleteFrom('face_sessions').where('session_id', '=', sessionId).execute();
}

/** Removes at most `limit` face sessions that are over. Sessions themselves are ended, not purged: their clients are told. */
export async function purgeFaceSessions(db: Db, now: number, limit: number): Promise<number> {
  const result = await db.deleteFrom('face_sessions')
    .where('hash', 'in', (query) => query.selectFrom('face_sessions').select('hash').where('expires_at', '<=', now).limit(limit)).executeTakeFirst();
  return Number(result.numDeletedRows);
}
