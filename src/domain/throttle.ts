import { clearCounter, countUp, takeSpaced, type Spacing } from '../store/counters.ts';
import type { Db } from '../store/schema.ts';

export type Limit = { limit: number; /** seconds */ window: number };

/**
 * Takes one try before the thing itself is checked, so that fifty at once count as fifty, also on two nodes. Must be
 * called outside a turn's transaction: a rolled back turn must not give tries back.
 * @returns whether this try is allowed, the how manieth it is, and in how many seconds the counter starts anew
 */
export async function takeTry(db: Db, key: string, { limit, window }: Limit, now: number): Promise<{ allowed: boolean; count: number; retryAfter: number }> {
  const { count, resetsAt } = await countUp(db, key, window, now);
  return { allowed: count <= limit, count, retryAfter: Math.max(1, resetsAt - now) };
}

/** A success forgives the failures before it. */
export async function forgiveTries(db: Db, key: string): Promise<void> {
  await clearCounter(db, key);
}

/** Five guesses follow each other freely; after each further one a longer wait, a quarter of an hour at most: never for good. */
export const guessing: Spacing = { waits: [0, 0, 0, 0, 60, 120, 240, 480, 900], forget: 86_400 };

/**
 * Takes one guess before it is judged, outside a turn's transaction as `takeTry`. A guess that must wait is not counted: who
 * keeps knocking waits no longer for it.
 * @returns `count`: guesses since the last success or pause, to tell the owner of once
 */
export async function takeGuess(db: Db, key: string, now: number, spacing: Spacing = guessing): Promise<{ allowed: true; count: number } | { allowed: false; retryAfter: number }> {
  const taken = await takeSpaced(db, key, spacing, now);
  return taken.taken ? { allowed: true, count: taken.count } : { allowed: false, retryAfter: Math.max(1, taken.opensAt - now) };
}
