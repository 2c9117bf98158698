import type { Realm } from '../config/schema.ts';
import { appendAudit, type Actor } from '../store/audit.ts';
import { enqueue } from '../store/outbox.ts';
import type { Db } from '../store/schema.ts';
import {
  findSession, listSessionClients, listSessions, removeSession, removeSessionClient, touchSession, type SessionClientRow, type SessionRow,
} from '../store/sessions.ts';

/**
 * Why a session ended: without activity, at its absolute end, by its person here, by its person everywhere, because
 * somebody else logged in at the same browser, or because what it rested on was taken away.
 */
export type SessionEnd = 'idle' | 'expired' | 'logout' | 'everywhere' | 'replaced' | 'revoked';

/** What a back-channel logout needs at the moment it is sent; `text` of an outbox row of channel `logout`. */
export type LogoutNotice = { accountId: string; sid: string };

export type Ending = { reason: SessionEnd; actor: Actor; now: number; address?: string };

/** Epoch seconds at which a session ends unless somebody is active: idle or absolute, whichever comes first (row IB-9). */
export function endsAt({ ttl }: Pick<Realm, 'ttl'>, session: Pick<SessionRow, 'last_active_at' | 'expires_at'>): number {
  return Math.min(session.last_active_at + ttl.idle, session.expires_at);
}

/** Which of the two ends comes first. */
export function endsBy(realm: Pick<Realm, 'ttl'>, session: Pick<SessionRow, 'last_active_at' | 'expires_at'>): 'idle' | 'expired' {
  return endsAt(realm, session) < session.expires_at ? 'idle' : 'expired';
}

/** A session that lives. One that is over counts as gone, also before the worker has ended it. */
export async function liveSession(db: Db, realm: Pick<Realm, 'ttl'>, id: string, now: number): Promise<SessionRow | undefined> {
  const session = await findSession(db, id);
  return session && endsAt(realm, session) > now ? session : undefined;
}

/** Seconds of activity that need no new row: portals may call each minute, and a page makes several calls. */
const grain = 30;

/** Activity of the person: at Sluis, or at a portal that asks for them. @returns the last activity that is now known of */
export async function keepAlive(db: Db, session: Pick<SessionRow, 'id' | 'last_active_at'>, now: number): Promise<number> {
  if (now - session.last_active_at < grain) return session.last_active_at;
  await touchSession(db, session.id, now);
  return now;
}

/**
 * Ends a session and everything it gave: grants, codes, tokens, pages of our own; its clients are told by the outbox. All
 * in the caller's transaction. @returns false when it was ended before
 */
export async function endSession(tx: Db, id: string, { reason, actor, now, address }: Ending): Promise<boolean> {
  const clients = await listSessionClients(tx, id);
  const session = await removeSession(tx, id);
  if (!session) return false;
  for (const client of clients) await tell(tx, session.account_id, client, now);
  await appendAudit(tx, {
    event: 'session.ended', action: 'E', outcome: 'success', reason, actor, objectType: 'session', objectId: id, now,
    ...(address !== undefined && { address }), ...(session.organisation_id && { organisationId: session.organisation_id }),
    ...(actor.kind === 'person' && actor.id === session.account_id && { sessionId: id, ...(session.organisation_id && { actingFor: session.organisation_id }) }),
    detail: { account: session.account_id, clients: clients.map((client) => client.client_id) },
  });
  return true;
}

/** Somebody logs out of one client and stays in the session: that client is told. */
export async function leaveClient(tx: Db, session: Pick<SessionRow, 'id' | 'account_id'>, clientId: string, now: number): Promise<void> {
  const client = await removeSessionClient(tx, session.id, clientId);
  if (client) await tell(tx, session.account_id, client, now);
}

async function tell(tx: Db, accountId: string, { client_id, sid, logout_uri }: SessionClientRow, now: number): Promise<void> {
  if (logout_uri === null) return;
  const notice: LogoutNotice = { accountId, sid };
  await enqueue(tx, { channel: 'logout', recipient: logout_uri, subject: client_id, text: JSON.stringify(notice), now });
}

/**
 * Ends a session that is over, as of `now`. @returns false when it lives, or was ended before
 */
export async function endIfOver(tx: Db, realm: Pick<Realm, 'ttl'>, id: string, now: number): Promise<boolean> {
  const session = await findSession(tx, id);
  if (!session || endsAt(realm, session) > now) return false;
  return endSession(tx, id, { reason: endsBy(realm, session), actor: { kind: 'system', id: 'sessions' }, now });
}

/** Ends the sessions of a person (at one organisation when it is given), or of a whole organisation. @returns how many */
export async function endSessionsOf(tx: Db, whose: { accountId?: string; organisationId?: string }, ending: Ending): Promise<number> {
  if (whose.accountId === undefined && whose.organisationId === undefined) throw new Error('sessions of whom?');
  let ended = 0;
  for (const { id } of await listSessions(tx, whose)) if (await endSession(tx, id, ending)) ended += 1;
  return ended;
}
