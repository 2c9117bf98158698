import { sql } from 'kysely';
import { prepared, preparedIn } from './prepared.ts';
import type { Db } from './schema.ts';

/**
 * Adds one to a counter in one statement, so that none is lost among many at once. A window that is over starts again.
 * @returns the count with this one, and when (epoch seconds) the window ends
 */
export async function countUp(db: Db, key: string, windowSeconds: number, now: number): Promise<{ count: number; resetsAt: number }> {
  const [row] = (await up(db, { key, now, end: now + windowSeconds })).rows;
  if (!row) throw new Error('a counter was not counted');
  return { count: row.count, resetsAt: row.resets_at };
}

const up = prepared((db, given) => db.insertInto('counters').values({ key: given('key'), count: 1, resets_at: given('end') })
  .onConflict((conflict) => conflict.column('key').doUpdateSet((eb) => ({
    count: eb.case().when('counters.resets_at', '<=', given('now')).then(eb.lit(1)).else(eb('counters.count', '+', eb.lit(1))).end(),
    // a window that began before the clock stepped back ends no later than one that begins now
    resets_at: eb.case().when('counters.resets_at', '<=', given('now')).then(eb.ref('excluded.resets_at'))
      .when('counters.resets_at', '>', eb.ref('excluded.resets_at')).then(eb.ref('excluded.resets_at'))
      .else(eb.ref('counters.resets_at')).end(),
  })))
  .returning(['count', 'resets_at']));

/** `waits`: seconds to wait after the first, second … try; the last holds for all that follow. `forget`: seconds after the last try. */
export type Spacing = { waits: readonly number[]; forget: number };

/**
 * Takes a try at something that waits longer after each. Of fifty at once each finds what the one before left: only as many
 * as may follow each other without waiting are taken, also on two nodes.
 * @returns the tries taken since the last pause, this one included; or, when none may be taken, when the next may (epoch seconds)
 */
export async function takeSpaced(db: Db, key: string, { waits, forget }: Spacing, now: number): Promise<{ taken: true; count: number } | { taken: false; opensAt: number }> {
  for (;;) {
    const taken = await takeOpen(db, key, { waits, forget }, now);
    if (taken !== undefined) return { taken: true, count: taken };
    const begun = await begin(db, { key, end: now + forget, opens: waits[0] ? now + waits[0] : 0 });
    if (begun.rows.length > 0) return { taken: true, count: 1 };
    const opensAt = await opensAtOf(db, key);
    if (opensAt !== undefined && opensAt > now) return { taken: false, opensAt };
    // begun, or purged, by somebody else in between: look again
  }
}

const begin = prepared((db, given) => db.insertInto('counters').values({ key: given('key'), count: 1, resets_at: given('end'), opens_at: given('opens') })
  .onConflict((conflict) => conflict.column('key').doNothing()).returning('count'));

async function takeOpen(db: Db, key: string, { waits, forget }: Spacing, now: number): Promise<number | undefined> {
  // a wait that is longer than any began before the clock stepped back
  const { rows: [row] } = await take(db, waits, { key, now, longest: now + Math.max(0, ...waits), end: now + forget });
  return row?.count;
}

/** The waits are in the statement itself: there are as many as in the configuration. */
const take = preparedIn((waits: readonly number[]) => waits.join(), (db, given, waits) => {
  const at = sql<number>`cast(${given('now')} as bigint)`;
  // a try without a wait opens at once, also for a node whose clock is behind
  const openFrom = (wait: number) => (wait === 0 ? sql`cast(0 as bigint)` : sql`${at} + ${sql.lit(wait)}`);
  const count = sql<number>`case when resets_at <= ${at} then 1 else counters.count + 1 end`;
  const steps = waits.map((wait, index) => sql`when ${sql.lit(waits.length - index)} <= ${count} then ${openFrom(waits[waits.length - index - 1] ?? wait)}`);
  return db.updateTable('counters')
    .set({ count, opens_at: sql<number>`case ${sql.join(steps, sql` `)} else 0 end`, resets_at: given('end') })
    .where('key', '=', given('key')).where(({ or, eb }) => or([eb('opens_at', '<=', given('now')), eb('opens_at', '>', sql<number>`cast(${given('longest')} as bigint)`), eb('resets_at', '<=', given('now'))]))
    .returning('count');
});

/** When the next try of something spaced may be taken; undefined when none was. */
export async function opensAtOf(db: Db, key: string): Promise<number | undefined> {
  return (await db.selectFrom('counters').select('opens_at').where('key', '=', key).executeTakeFirst())?.opens_at;
}

export async function clearCounter(db: Db, key: string): Promise<void> {
  await remove(db, { key });
}

const remove = prepared((db, given) => db.deleteFrom('counters').where('key', '=', given('key')));

/** Removes a counter and those below it (`key:…`). @returns how many there were */
export async function clearCounters(tx: Db, key: string): Promise<number> {
  const { numDeletedRows } = await tx.deleteFrom('counters')
    // the sign after a colon is a semicolon
    .where(({ or, and, eb }) => or([eb('key', '=', key), and([eb('key', '>=', `${key}:`), eb('key', '<', `${key};`)])])).executeTakeFirst();
  return Number(numDeletedRows);
}

/** Removes at most `limit` counters whose window is over. */
export async function purgeCounters(db: Db, now: number, limit: number): Promise<number> {
  const result = await db.deleteFrom('counters')
    // asked again at the row: on PostgreSQL somebody may begin a new window meanwhile
    .where('resets_at', '<=', now)
    .where('key', 'in', (query) => query.selectFrom('counters').select('key').where('resets_at', '<=', now).limit(limit)).executeTakeFirst();
  return Number(result.numDeletedRows);
}
