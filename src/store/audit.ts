import { randomUUID } from 'node:crypto';
import type { Selectable } from 'kysely';
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
  objectType?: string;
  objectId?: string;
  clientId?: string;
  runId?: string;
  address?: string;
  /** no secrets, and personal data only by id or field name */
  detail?: Record<string, unknown>;
  now: number;
};

export type AuditRow = Omit<Selectable<Tables['audit']>, 'actor' | 'detail'> & { actor: Actor; detail: Record<string, unknown> };

const columns = ['id', 'at', 'event', 'action', 'outcome', 'reason', 'actor', 'organisation_id', 'object_type', 'object_id', 'client_id', 'run_id', 'address', 'detail'] as const;
const append = prepared((db, given) => db.insertInto('audit').values(Object.fromEntries(columns.map((name) => [name, given(name)])) as Record<(typeof columns)[number], never>));
const waits = prepared((db, given) => db.insertInto('audit_unsealed').values({ audit_id: given('id') }));

/** Appends to the trail (NEN 7513), in the transaction of what it records. The seal comes seconds later (audit-chain.ts). */
export async function appendAudit(tx: Db, entry: AuditEntry): Promise<void> {
  // the row and its wait for a seal are one: a row with neither seal nor wait was not written here
  if (!tx.isTransaction) return tx.transaction().execute((own) => appendAudit(own, entry));
  const id = randomUUID();
  await append(tx, {
    id, at: entry.now, event: entry.event, action: entry.action, outcome: entry.outcome, reason: entry.reason ?? null,
    actor: JSON.stringify(entry.actor), organisation_id: entry.organisationId ?? null,
    object_type: entry.objectType ?? null, object_id: entry.objectId ?? null,
    client_id: entry.clientId ?? null, run_id: entry.runId ?? null, address: entry.address ?? null,
    detail: JSON.stringify(entry.detail ?? {}),
  } satisfies Record<(typeof columns)[number], unknown>);
  await waits(tx, { id });
}

export type AuditFilter = { event?: string; organisationId?: string; runId?: string; limit?: number };

/** The newest first, at most `limit` (100). */
export async function listAudit(db: Db, { event, organisationId, runId, limit = 100 }: AuditFilter = {}): Promise<AuditRow[]> {
  let query = db.selectFrom('audit').selectAll();
  if (event !== undefined) query = query.where('event', '=', event);
  if (organisationId !== undefined) query = query.where('organisation_id', '=', organisationId);
  if (runId !== undefined) query = query.where('run_id', '=', runId);
  const rows = await query.orderBy('seq', 'desc').limit(limit).execute();
  return rows.map((row) => ({ ...row, actor: JSON.parse(row.actor) as Actor, detail: JSON.parse(row.detail) as Record<string, unknown> }));
}
