import type { Realm } from '../config/schema.ts';
import type { Proof } from '../flow/facts.ts';
import { appendAudit, type Actor } from '../store/audit.ts';
import { enqueue } from '../store/outbox.ts';
import type { Db } from '../store/schema.ts';
import {
  beginSession, findSession, holdSession, listSessionClients, listSessions, putSession, putSessionClient, removeGrantsOf, removeSession, removeSessionClient, touchSession,
  type SessionClientRow, type SessionRow,
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

/** What a finished login adds to its session. */
export type Login = { sessionId: string; accountId: string; organisationId: string | null; /** the request named that organisation: a session that was there keeps its own */ named?: boolean; /** all that the run knew: what was shown in it, and what it was seeded with */ proofs: Proof[] };

/**
 * A session as a login leaves it. Logins in two tabs each know what was shown when they began, so it is joined with what
 * is there now. Only something shown anew moves the absolute end: a run that asked no more than a page does not.
 */
export function withLogin({ ttl }: Pick<Realm, 'ttl'>, known: SessionRow | undefined, login: Login, now: number): SessionRow {
  const same = known?.account_id === login.accountId ? known : undefined;
  const before = same ? proofsOf(same) : [];
  const renewed = !same || newestAt(login.proofs) > newestAt(before);
  const moves = !same || !login.named || login.proofs.some(({ broker }) => broker);
  const organisationId = moves ? login.organisationId : same.organisation_id ?? login.organisationId;
  // a broker's word is for one organisation and lends its level to no other; a password is the person's own
  const kept = same?.organisation_id === organisationId ? before : before.filter(({ broker }) => !broker);
  const joined = [...kept, ...login.proofs];
  return {
    id: login.sessionId, account_id: login.accountId, organisation_id: organisationId, proofs: JSON.stringify({ proofs: newestOfEach(joined) }),
    created_at: same?.created_at ?? now, last_active_at: now, expires_at: renewed ? now + ttl.session : same.expires_at,
  };
}

/**
 * Begins the session of a login, or adds the login to it; somebody else's session of that id ends. In a transaction.
 * @returns false when the session ended at this very moment
 */
export async function keepLogin(tx: Db, realm: Pick<Realm, 'ttl'>, login: Login, now: number): Promise<boolean> {
  if (await beginSession(tx, withLogin(realm, undefined, login, now))) return true;
  const known = await holdSession(tx, login.sessionId, 'for change');
  if (!known) return false;
  if (known.account_id !== login.accountId) await endHeld(tx, known, { reason: 'replaced', actor: { kind: 'person', id: login.accountId }, now });
  await putSession(tx, withLogin(realm, known, login, now));
  return true;
}

/**
 * Adds to a session what its person showed on our own pages: who has just set a factor up has it at hand, and is not asked for it at
 * the next page. The session ends when it would have. In a transaction.
 */
export async function addProof(tx: Db, id: string, proof: Proof): Promise<void> {
  const known = await holdSession(tx, id, 'for change');
  if (known) await putSession(tx, { ...known, proofs: JSON.stringify({ proofs: newestOfEach([...proofsOf(known), proof]) }) });
}

/**
 * Remembers that a session serves a client. In a transaction: what is held does not end until its client is known.
 * @returns false when the session is over
 */
export async function joinSession(tx: Db, client: SessionClientRow): Promise<boolean> {
  const session = await holdSession(tx, client.session_id, 'for joining');
  if (session) await putSessionClient(tx, client);
  return session !== undefined;
}

function proofsOf({ proofs }: SessionRow): Proof[] {
  return (JSON.parse(proofs) as { proofs: Proof[] }).proofs;
}

function newestAt(proofs: Proof[]): number {
  return Math.max(0, ...proofs.map(({ at }) => at));
}

/**
 * Of proofs of one kind the newest, in the order in which they were shown: a session that is asked for fresh logins all
 * day does not grow. Of several identities at brokers the last one counts alone, as within a run.
 */
function newestOfEach(proofs: Proof[]): Proof[] {
  const shown = proofs.toSorted((a, b) => a.at - b.at);
  const last = shown.findLast(({ broker }) => broker)?.broker;
  const own = shown.filter(({ broker }) => !broker || (broker.id === last?.id && broker.actingSubject === last.actingSubject));
  return [...new Map(own.map((proof) => [`${proof.factor} ${proof.level} ${proof.broker?.id ?? ''}`, proof])).values()].toSorted((a, b) => a.at - b.at);
}

/**
 * Ends a session and everything it gave: grants, codes, tokens, pages of our own; its clients are told by the outbox. All
 * in the caller's transaction. @returns false when it was ended before
 */
export async function endSession(tx: Db, id: string, ending: Ending): Promise<boolean> {
  const session = await holdSession(tx, id, 'for change');
  if (session) await endHeld(tx, session, ending);
  return session !== undefined;
}

/** The session is held: no client joins it between the list of who is told and its end. */
async function endHeld(tx: Db, session: SessionRow, { reason, actor, now, address }: Ending): Promise<void> {
  const { id } = session;
  const clients = await listSessionClients(tx, id);
  await removeSession(tx, id);
  for (const client of clients) await tell(tx, session.account_id, client, now);
  await appendAudit(tx, {
    event: 'session.ended', action: 'E', outcome: 'success', reason, actor, accountId: session.account_id, objectType: 'session', objectId: id, now,
    ...(address !== undefined && { address }), ...(session.organisation_id && { organisationId: session.organisation_id }),
    ...(actor.kind === 'person' && actor.id === session.account_id && { sessionId: id, ...(session.organisation_id && { actingFor: session.organisation_id }) }),
    detail: { account: session.account_id, clients: clients.map((client) => client.client_id) },
  });
}

/**
 * Somebody logs out of one client and stays in the session: all that the client was given ends, and it is told. In a
 * transaction. @returns false when there was nothing to leave
 */
export async function leaveClient(tx: Db, sessionId: string, clientId: string, now: number): Promise<boolean> {
  const session = await holdSession(tx, sessionId, 'for change');
  if (!session) return false;
  const client = await removeSessionClient(tx, sessionId, clientId);
  const grants = await removeGrantsOf(tx, sessionId, clientId);
  if (!client && grants === 0) return false;
  if (client) await tell(tx, session.account_id, client, now);
  await appendAudit(tx, {
    event: 'session.left', action: 'E', outcome: 'success', actor: { kind: 'person', id: session.account_id }, objectType: 'session', objectId: sessionId, clientId, now, sessionId,
    ...(session.organisation_id && { organisationId: session.organisation_id, actingFor: session.organisation_id }),
  });
  return true;
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
  // held before it is judged: the person may be back at this very moment
  const session = await holdSession(tx, id, 'for change');
  if (!session || endsAt(realm, session) > now) return false;
  await endHeld(tx, session, { reason: endsBy(realm, session), actor: { kind: 'system', id: 'sessions' }, now });
  return true;
}

/**
 * Ends the sessions of a person (at one organisation when it is given; `butNot`: all but that one), or of a whole organisation. Where
 * what lets a person in was replaced, `throwOut` ends what is on its way to a session too. @returns how many
 */
export async function endSessionsOf(tx: Db, { butNot, ...whose }: { accountId?: string; organisationId?: string; butNot?: string }, ending: Ending): Promise<number> {
  if (whose.accountId === undefined && whose.organisationId === undefined) throw new Error('sessions of whom?');
  let ended = 0;
  for (const { id } of await listSessions(tx, whose)) if (id !== butNot && await endSession(tx, id, ending)) ended += 1;
  return ended;
}
