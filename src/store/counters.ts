import type { Db } from './schema.ts';

/**
 * Adds one to a counter in one statement, so that none is lost among many at once. A window that is over starts again.
 * @returns the count with this one, and when (epoch seconds) the window ends
 */
export async function countUp(db: Db, key: string, windowSeconds: number, now: number): Promise<{ count: number; resetsAt: number }> {
  const row = await db.insertInto('counters').values({ key, count: 1, resets_at: now + windowSeconds })
    .onConflict((conflict) => conflict.column('key').doUpdateSet((eb) => ({
      count: eb.case().when('counters.resets_at', '<=', now).then(eb.lit(1)).else(eb('counters.count', '+', eb.lit(1))).end(),
      // a window that began before the clock stepped back ends no later than one that begins now
      resets_at: eb.case().when('counters.resets_at', '<=', now).then(eb.ref('excluded.resets_at'))
        .when('counters.resets_at', '>', eb.ref('excluded.resets_at')).then(eb.ref('excluded.resets_at'))
        .else(eb.ref('counters.resets_at')).end(),
    })))
    .returning(['count', 'resets_at']).executeTakeFirstOrThrow();
  return { count: row.count, resetsAt: row.resets_at };
}

export async function clearCounter(db: Db, key: string): Promise<void> {
  await db.deleteFrom('counters').where('key', '=', key).execute();
}

/** Removes at most `limit` counters whose window is over. */
export async function purgeCounters(db: Db, now: number, limit: number): Promise<number> {
  const result = await db.deleteFrom('counters')
    // asked again at the row: on PostgreSQL somebody may begin a new window meanwhile
    .where('resets_at', '<=', now)
    .where('key', 'in', (query) => query.selectFrom('counters').select('key').where('resets_at', '<=', now).limit(limit)).executeTakeFirst();
  return Number(result.numDeletedRows);
}
