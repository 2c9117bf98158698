import { createHash } from 'node:crypto';
import type { Insertable, Selectable } from 'kysely';
import type { Db, Tables } from './schema.ts';

export type SessionRow = Selectable<Tables['sessions']>;
export type FaceSessionRow = Selectable<Tables['face_sessions']>;

/** Begins a session, or replaces what it proves when somebody logs in again within it. */
export async function putSession(tx: Db, row: Insertable<Tables['sessions']>): Promise<void> {
  const { id: _, created_at: __, ...rest } = row;
  await tx.insertInto('sessions').values(row).onConflict((conflict) => conflict.column('id').doUpdateSet(rest)).execute();
}

export async function findSession(db: Db, id: string): Promise<SessionRow | undefined> {
  return db.selectFrom('sessions').selectAll().where('id', '=', id).executeTakeFirst();
}

/** Ends a session and the face sessions that came from it. */
export async function endSession(tx: Db, id: string): Promise<void> {
  await endFaceSessionsOf(tx, id);
  await tx.deleteFrom('sessions').where('id', '=', id).execute();
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

export async function touchFaceSession(db: Db, hash: string, now: number): Promise<void> {
  await db.updateTable('face_sessions').set({ last_active_at: now }).where('hash', '=', hash).execute();
}

export async function endFaceSession(tx: Db, hash: string): Promise<void> {
  await tx.deleteFrom('face_sessions').where('hash', '=', hash).execute();
}

export async function endFaceSessionsOf(tx: Db, sessionId: string): Promise<void> {
  await tx.deleteFrom('face_sessions').where('session_id', '=', sessionId).execute();
}

/** Removes sessions that are over. */
export async function purgeSessions(db: Db, now: number): Promise<void> {
  await db.deleteFrom('face_sessions').where('expires_at', '<=', now).execute();
  await db.deleteFrom('sessions').where('expires_at', '<=', now).execute();
}
