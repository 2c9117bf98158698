import type { Selectable } from 'kysely';
import type { Database } from './database.ts';
import { orderedId } from './ids.ts';
import { recalled } from './prepared.ts';
import type { Db, Tables } from './schema.ts';

export type Message = Omit<Selectable<Tables['outbox']>, 'links'> & { links: string[] };
export type NewMessage = {
  channel: Message['channel'];
  recipient: string;
  subject: string;
  text: string;
  html?: string;
  /** code and links in the message, so that the demo can show them apart */
  code?: string;
  links?: string[];
  /** a link in it lets somebody in, as a code does */
  secret?: boolean;
  /** whose account it is about, where the recipient does not tell */
  accountId?: string;
  now: number;
};

/** Seconds after which a message that is being sent is taken again: its worker has died. */
const STALE = 120;

/** Writes a message in the transaction of what caused it; the worker sends it after the commit. @returns its id */
export async function enqueue(tx: Db, { channel, recipient, subject, text, html, code, links = [], secret = code !== undefined, accountId, now }: NewMessage): Promise<string> {
  const id = orderedId();
  await tx.insertInto('outbox').values({
    id, channel, recipient, subject, text, html: html ?? null, code: code ?? null, links: JSON.stringify(links), secret: secret ? 1 : 0,
    state: 'waiting', next_at: now, error: null, created_at: now, sent_at: null, account_id: accountId ?? null,
  }).execute();
  return id;
}

/** When the first of all that are to be sent is due. Every worker asks each second, mostly for nothing. */
const firstDue = recalled((db) => db.selectFrom('outbox').select((eb) => eb.fn.min('next_at').as('at')).where('state', 'in', ['waiting', 'sending']), ([row]) => row?.at ?? Infinity);

/**
 * Takes at most `limit` messages that are due, and counts the attempt. A message is given to one caller only, also on
 * two nodes; while it is being sent `next_at` is when it may be taken again. None of the channels `without`.
 */
export async function claimMessages({ db, dialect }: Database, limit: number, now: number, without: Message['channel'][] = []): Promise<Message[]> {
  if (await firstDue(db, {}) > now) return [];
  const rows = await db
    .with('due', (query) => query.selectFrom('outbox').select('id').where('state', 'in', ['waiting', 'sending']).where('next_at', '<=', now)
      .$if(without.length > 0, (due) => due.where('channel', 'not in', without))
      .orderBy('next_at').orderBy('id').limit(limit)
      // two nodes take different rows instead of waiting for each other
      .$if(dialect === 'postgres', (due) => due.forUpdate().skipLocked()))
    .updateTable('outbox')
    .set((eb) => ({ state: 'sending', attempts: eb('attempts', '+', eb.lit(1)), next_at: now + STALE }))
    .where('id', 'in', (query) => query.selectFrom('due').select('id'))
    .returningAll().execute();
  return rows.map(asMessage);
}

/**
 * Makes due what would wait longer than `longest` seconds: no attempt is put off as long as that, so the clock has stepped
 * back since. @returns how many
 */
export async function bringForward(db: Db, now: number, longest: number): Promise<number> {
  const result = await db.updateTable('outbox').set({ next_at: now })
    .where('state', 'in', ['waiting', 'sending']).where('next_at', '>', now + longest).executeTakeFirst();
  return Number(result.numUpdatedRows);
}

/** @param attempt of the claim; when the message was taken again meanwhile, the later claim decides */
export async function markSent(tx: Db, id: string, now: number, attempt?: number): Promise<boolean> {
  const result = await tx.updateTable('outbox').set({ state: 'sent', sent_at: now, error: null })
    .where('id', '=', id).where('state', '=', 'sending')
    .$if(attempt !== undefined, (query) => query.where('attempts', '=', attempt ?? 0)).executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/** A code or link that somebody has by now is kept nowhere: what the message said goes, that it was sent stays. */
export async function forgetSecret(tx: Db, id: string): Promise<void> {
  await tx.updateTable('outbox').set({ text: '', html: null, code: null, links: '[]' }).where('id', '=', id).where('secret', '=', 1).execute();
}

/** Puts a message back until `nextAt` (epoch seconds); null gives up. */
export async function markFailed(tx: Db, id: string, error: string, nextAt: number | null, attempt?: number): Promise<boolean> {
  const result = await tx.updateTable('outbox')
    .set(nextAt === null ? { state: 'failed', error } : { state: 'waiting', error, next_at: nextAt })
    .where('id', '=', id).where('state', '=', 'sending')
    .$if(attempt !== undefined, (query) => query.where('attempts', '=', attempt ?? 0)).executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/** What became of a message; undefined when it is no longer kept. */
export async function findMessage(db: Db, id: string): Promise<Message | undefined> {
  const row = await db.selectFrom('outbox').selectAll().where('id', '=', id).executeTakeFirst();
  return row && asMessage(row);
}

/** Takes a message back that nobody began to send: what it says no longer holds. */
export async function withdrawMessage(tx: Db, id: string): Promise<void> {
  await tx.deleteFrom('outbox').where('id', '=', id).where('state', '=', 'waiting').execute();
}

export type OutboxFilter = { to?: string; channel?: Message['channel']; /** only these */ channels?: readonly Message['channel'][]; limit?: number };

/** The newest first, at most `limit` (100). */
export async function listOutbox(db: Db, { to, channel, channels, limit = 100 }: OutboxFilter = {}): Promise<Message[]> {
  let query = db.selectFrom('outbox').selectAll();
  if (to !== undefined) query = query.where('recipient', '=', to);
  if (channel !== undefined) query = query.where('channel', '=', channel);
  if (channels) query = query.where('channel', 'in', channels);
  return (await query.orderBy('created_at', 'desc').orderBy('id', 'desc').limit(limit).execute()).map(asMessage);
}

/** Gives a message that was given up a new life. @returns false when there is no such failed message */
export async function retryMessage(tx: Db, id: string, now: number): Promise<boolean> {
  const result = await tx.updateTable('outbox').set({ state: 'waiting', attempts: 0, next_at: now, error: null })
    .where('id', '=', id).where('state', '=', 'failed').executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/** Removes at most `limit` messages that were written at `until` (epoch seconds) or before, and were sent or given up. */
export async function purgeOutbox(db: Db, until: number, limit: number): Promise<number> {
  const result = await db.deleteFrom('outbox')
    // asked again at the row: somebody may have one sent again meanwhile
    .where('state', 'in', ['sent', 'failed'])
    .where('id', 'in', (query) => query.selectFrom('outbox').select('id').where('created_at', '<=', until).where('state', 'in', ['sent', 'failed']).limit(limit)).executeTakeFirst();
  return Number(result.numDeletedRows);
}

function asMessage(row: Selectable<Tables['outbox']>): Message {
  return { ...row, links: JSON.parse(row.links) as string[] };
}
