import type { Db, Tables } from './schema.ts';

/** How a realm's database stands now. */
export type Figures = {
  /** messages that are not sent; `oldest` is when the first of them was written (epoch seconds) */
  outbox: { channel: Tables['outbox']['channel']; state: Tables['outbox']['state']; count: number; oldest: number }[];
  /** rows of the audit trail without a seal */
  unsealed: number;
  /** sessions that live */
  sessions: number;
};

/** @param idleSince a session without activity since then (epoch seconds) is over */
export async function readFigures(db: Db, { now, idleSince }: { now: number; idleSince: number }): Promise<Figures> {
  const count = (rows: { count: number | string | bigint } | undefined): number => Number(rows?.count ?? 0);
  const outbox = await db.selectFrom('outbox').select((eb) => ['channel', 'state', eb.fn.countAll().as('count'), eb.fn.min('created_at').as('oldest')])
    .where('state', 'in', ['waiting', 'sending', 'failed']).groupBy(['channel', 'state']).execute();
  const unsealed = await db.selectFrom('audit_unsealed').select((eb) => eb.fn.countAll().as('count')).executeTakeFirst();
  const sessions = await db.selectFrom('sessions').select((eb) => eb.fn.countAll().as('count'))
    .where('expires_at', '>', now).where('last_active_at', '>', idleSince).executeTakeFirst();
  return {
    outbox: outbox.map(({ channel, state, count: number, oldest }) => ({ channel, state, count: Number(number), oldest: Number(oldest) })),
    unsealed: count(unsealed), sessions: count(sessions),
  };
}

/** Where the trail's sessions that ended stand now: the place to count from. */
export async function lastSessionEnd(db: Db): Promise<number> {
  const row = await db.selectFrom('audit').select('seq').where('event', '=', 'session.ended').orderBy('seq', 'desc').limit(1).executeTakeFirst();
  return row?.seq ?? 0;
}

/** Sessions that ended after place `after` of the trail, written at `until` (epoch seconds) or before: later ones may still be committed out of order. */
export async function sessionEndsAfter(db: Db, after: number, until: number): Promise<{ last: number; ends: { reason: string; count: number }[] }> {
  const rows = await db.selectFrom('audit').select((eb) => ['reason', eb.fn.countAll().as('count'), eb.fn.max('seq').as('last')])
    .where('event', '=', 'session.ended').where('seq', '>', after).where('at', '<=', until).groupBy('reason').execute();
  return {
    last: Math.max(after, ...rows.map((row) => Number(row.last))),
    ends: rows.map(({ reason, count }) => ({ reason: reason ?? 'unknown', count: Number(count) })),
  };
}
