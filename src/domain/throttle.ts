import { clearCounter, countUp } from '../store/counters.ts';
import type { Db } from '../store/schema.ts';

export type Limit = { limit: number; /** seconds */ window: number };

/**
 * Takes one try before the thing itself is checked, so that fifty at once count as fifty, also on two nodes. Must be
 * called outside a turn's transaction: a rolled back turn must not give tries back.
 * @returns whether this try is allowed, and in how many seconds the counter starts anew
 */
export async function takeTry(db: Db, key: string, { limit, window }: Limit, now: number): Promise<{ allowed: boolean; retryAfter: number }> {
  const { count, resetsAt } = await countUp(db, key, window, now);
  return { allowed: count <= limit, retryAfter: Math.max(1, resetsAt - now) };
}

/** A success forgives the failures before it. */
export async function forgiveTries(db: Db, key: string): Promise<void> {
  await clearCounter(db, key);
}
