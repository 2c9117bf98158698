import type { Selectable } from 'kysely';
import { auditContext, auditSource, cleanAgent } from './audit-context.ts';
import { orderedId } from './ids.ts';
import { prepared } from './prepared.ts';
import type { Db, Tables } from './schema.ts';

/** Who did it. `display` is the name at that moment, for who reads the trail later. */
export type Actor = { kind: 'person' | 'desk' | 'client' | 'system'; id: string; display?: string };

export type AuditEntry = {
  event: string;
  action: Tables['audit']['action'];
  outcome: Tables['audit']['outcome'];
  reason?: string;
  actor: Actor;
  organisationId?: string;
  /** whose account it is about, where neither the object nor the actor says so */
  accountId?: string;
  objectType?: string;
  objectId?: string;
  clientId?: string;
  runId?: string;
  /** the request's own when not given */
  address?: string;
  /** of the actor; what the request knows of them (`noteActor`) when none of the three is given */
  sessionId?: string;
  acr?: string;
  actingFor?: string;
  /** no secrets, and personal data only by id or field name */
  detail?: Record<string, unknown>;
  now: number;
};

export type AuditRow = Omit<Selectable<Tables['audit']>, 'actor' | 'detail'> & { actor: Actor; detail: Record<string, unknown> };

const columns = [
  'id', 'at', 'event', 'action', 'outcome', 'reason', 'actor', 'organisation_id', 'account_id', 'object_type', 'object_id', 'client_id', 'run_id', 'address', 'reference',
  'user_agent', 'source', 'session_id', 'acr', 'acting_for', 'detail',
] as const;
const append = prepared((db, given) => db.insertInto('audit').values(Object.fromEntries(columns.map((name) => [name, given(name)])) as Record<(typeof columns)[number], never>));
const waits = prepared((db, given) => db.insertInto('audit_unsealed').values({ audit_id: given('id') }));

/**
 * Appends to the trail (NEN 7513), in the transaction of what it records. Access point, reference and source are those
 * of the request or command (audit-context.ts). The seal comes seconds later (audit-chain.ts).
 */
export async function appendAudit(tx: Db, entry: AuditEntry): Promise<void> {
  // the row and its wait for a seal are one: a row with neither seal nor wait was not written here
  if (!tx.isTransaction) return tx.transaction().execute((own) => appendAudit(own, entry));
  // in the order of writing: rows that come together are neighbours in every index, and one commit writes fewer pages
  const id = orderedId();
  const { address, reference, userAgent } = auditContext();
  const { sessionId, acr, actingFor } = actorOf(entry);
  await append(tx, {
    id, at: entry.now, event: entry.event, action: entry.action, outcome: entry.outcome, reason: entry.reason ?? null,
    actor: JSON.stringify(entry.actor), organisation_id: entry.organisationId ?? null, account_id: accountOf(entry) ?? null,
    object_type: entry.objectType ?? null, object_id: entry.objectId ?? null,
    client_id: entry.clientId ?? null, run_id: entry.runId ?? null, address: entry.address ?? address ?? null,
    reference: reference ?? null, user_agent: cleanAgent(userAgent) ?? null, source: auditSource(),
    session_id: sessionId ?? null, acr: acr || null, acting_for: actingFor ?? null,
    detail: JSON.stringify(entry.detail ?? {}),
  } satisfies Record<(typeof columns)[number], unknown>);
  await waits(tx, { id });
}

/** Of an act upon an account it is that one, whoever did it; else the person's own. */
function accountOf({ accountId, objectType, objectId, actor }: AuditEntry): string | undefined {
  if (accountId !== undefined) return accountId;
  if (objectType === 'account') return objectId;
  return actor.kind === 'person' && actor.id !== 'unknown' ? actor.id : undefined;
}

/** What the entry says of its actor; else what the request knows, unless it knows it of somebody else. */
function actorOf(entry: AuditEntry): Pick<AuditEntry, 'sessionId' | 'acr' | 'actingFor'> {
  if (entry.sessionId !== undefined || entry.acr !== undefined || entry.actingFor !== undefined) return entry;
  const { actor } = auditContext();
  const theirs = actor && entry.actor.kind === 'person' && (actor.accountId === undefined || actor.accountId === entry.actor.id);
  return theirs ? actor : {};
}

export type AuditFilter = { event?: string; objectId?: string; organisationId?: string; runId?: string; reference?: string };

/** The newest first, at most `limit` (100). */
export async function listAudit(db: Db, { limit = 100, ...filter }: AuditFilter & { limit?: number } = {}): Promise<AuditRow[]> {
  return (await matching(db, filter).orderBy('seq', 'desc').limit(limit).execute()).map(readRow);
}

/**
 * What the trail has about an account since a moment (epoch seconds), the newest first: rows of these events, and of
 * `step.refused` those with a problem that ends in one of the words of `tries`.
 */
export async function listAuditOfAccount(db: Db, accountId: string, { events, tries, since, skip, limit }: { events: string[]; tries: string[]; since: number; skip: number; limit: number }): Promise<AuditRow[]> {
  const rows = await db.selectFrom('audit').selectAll().where('account_id', '=', accountId).where('event', 'in', events).where('at', '>=', since)
    .where(({ eb, or }) => or([eb('event', '!=', 'step.refused'), ...tries.map((word) => eb('reason', 'like', `%.${word}%`))]))
    .orderBy('seq', 'desc').limit(limit).offset(skip).execute();
  return rows.map(readRow);
}

/**
 * All that is there at the moment of asking, the oldest first, a page at a time: a trail of years fits no memory.
 * @param size rows in one page
 */
export async function* pagesOfAudit(db: Db, filter: AuditFilter, size = 500): AsyncGenerator<AuditRow[]> {
  const { last } = await db.selectFrom('audit').select((eb) => eb.fn.max('seq').as('last')).executeTakeFirstOrThrow();
  // an identity of PostgreSQL and a rowid of SQLite can be set below 1 by hand
  let seq = Number.MIN_SAFE_INTEGER;
  for (;;) {
    const page = await matching(db, filter).where('seq', '>', seq).where('seq', '<=', last ?? 0).orderBy('seq').limit(size).execute();
    if (page.length > 0) yield page.map(readRow);
    if (page.length < size) return;
    seq = page.at(-1)?.seq ?? seq;
  }
}

function matching(db: Db, { event, objectId, organisationId, runId, reference }: AuditFilter) {
  let query = db.selectFrom('audit').selectAll();
  if (event !== undefined) query = query.where('event', '=', event);
  if (objectId !== undefined) query = query.where('object_id', '=', objectId);
  if (organisationId !== undefined) query = query.where('organisation_id', '=', organisationId);
  if (runId !== undefined) query = query.where('run_id', '=', runId);
  if (reference !== undefined) query = query.where('reference', '=', reference);
  return query;
}

function readRow(row: Selectable<Tables['audit']>): AuditRow {
  return { ...row, actor: JSON.parse(row.actor) as Actor, detail: JSON.parse(row.detail) as Record<string, unknown> };
}
