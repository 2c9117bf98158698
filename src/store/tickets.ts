import { createHash, randomBytes } from 'node:crypto';
import type { Db } from './schema.ts';

export type Ticket<T> = { runId: string | null; payload: T };
export type NewTicket = {
  kind: string;
  runId: string | null;
  /** kept as JSON */
  payload: unknown;
  /** seconds */
  ttl: number;
  now: number;
  /** made beforehand with `newHandle`, when a message must carry it */
  handle?: string;
};

/** 256 random bits, base64url (43 characters). */
export function newHandle(): string {
  return randomBytes(32).toString('base64url');
}

/** Keeps something under a handle that works once. Only the hash of the handle is stored. */
export async function issueTicket(tx: Db, { kind, runId, payload, ttl, now, handle = newHandle() }: NewTicket): Promise<string> {
  await tx.insertInto('tickets').values({
    hash: hashOf(handle), kind, run_id: runId, payload: JSON.stringify(payload), created_at: now, expires_at: now + ttl, used_at: null,
  }).execute();
  return handle;
}

/** Looks without using up. Undefined when unknown, of another kind, used or expired. */
export async function peekTicket<T>(db: Db, kind: string, handle: string, now: number): Promise<Ticket<T> | undefined> {
  const row = await db.selectFrom('tickets').select(['run_id', 'payload'])
    .where('hash', '=', hashOf(handle)).where('kind', '=', kind).where('used_at', 'is', null).where('expires_at', '>', now)
    .executeTakeFirst();
  return row && { runId: row.run_id, payload: JSON.parse(row.payload) as T };
}

/** What a handle was issued for, also when it is used or expired: to show the way back and to say why, never to go on with. `expiresAt`: epoch seconds. */
export async function findIssued<T>(db: Db, kind: string, handle: string): Promise<Ticket<T> & { used: boolean; expiresAt: number } | undefined> {
  const row = await db.selectFrom('tickets').select(['run_id', 'payload', 'used_at', 'expires_at']).where('hash', '=', hashOf(handle)).where('kind', '=', kind).executeTakeFirst();
  return row && { runId: row.run_id, payload: JSON.parse(row.payload) as T, used: row.used_at !== null, expiresAt: Number(row.expires_at) };
}

/** Uses a ticket up. Of any number at once, on any number of nodes, one gets it. */
export async function redeemTicket<T>(tx: Db, kind: string, handle: string, now: number): Promise<Ticket<T> | undefined> {
  const row = await tx.updateTable('tickets').set({ used_at: now })
    .where('hash', '=', hashOf(handle)).where('kind', '=', kind).where('used_at', 'is', null).where('expires_at', '>', now)
    .returning(['run_id', 'payload']).executeTakeFirst();
  return row && { runId: row.run_id, payload: JSON.parse(row.payload) as T };
}

/** Removes at most `limit` tickets that expired before a moment (epoch seconds). */
export async function purgeTickets(db: Db, before: number, limit: number): Promise<number> {
  const result = await db.deleteFrom('tickets')
    .where('hash', 'in', (query) => query.selectFrom('tickets').select('hash').where('expires_at', '<', before).limit(limit)).executeTakeFirst();
  return Number(result.numDeletedRows);
}

function hashOf(handle: string): string {
  return createHash('sha256').update(handle).digest('base64url');
}
