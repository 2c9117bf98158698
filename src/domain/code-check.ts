import type { Db } from '../store/schema.ts';
import { matchesCode } from './verification-code.ts';

/** Tries of one code; a fifth wrong one kills it. */
export const MAX_TRIES = 5;
/** Tries of one owner in an hour, whatever codes were issued meanwhile. */
export const GUESSES = { limit: 20, window: 3600 };

export type Refusal = 'wrong' | 'expired' | 'dead' | 'used';
/** `left`: tries that remain. */
export type Refused = { ok: false; code: Refusal; left: number };

type Row = { id: string; hash: string; tries: number; max_tries: number; expires_at: number; close_reason: string | null };
/** What is needed of a table of codes (store/codes.ts). */
type Codes<Kept extends Row> = {
  takeTry(db: Db, ownerId: string): Promise<Kept | undefined>;
  latest(db: Db, ownerId: string): Promise<Kept | undefined>;
  close(db: Db, id: string, reason: 'guessed', now: number): Promise<boolean>;
};

/**
 * Judges a typed code. The try is taken and committed before comparing, so fifty guesses at once count as fifty:
 * give it the database itself, never a transaction.
 */
export async function judgeCode<Kept extends Row>(db: Db, codes: Codes<Kept>, { ownerId, typed, now }: { ownerId: string; typed: string; now: number }): Promise<{ ok: true; code: Kept } | Refused> {
  const row = await codes.takeTry(db, ownerId);
  if (!row) return whyNone(await codes.latest(db, ownerId));
  if (row.expires_at <= now) return { ok: false, code: 'expired', left: 0 };
  if (matchesCode(typed, row.hash)) return { ok: true, code: row };
  const left = Math.max(0, row.max_tries - row.tries);
  if (left === 0) await codes.close(db, row.id, 'guessed', now);
  return { ok: false, code: left === 0 ? 'dead' : 'wrong', left };
}

/** Why there is no code to try. Without any code yet, every one is simply wrong: there is nothing to guess. */
function whyNone(latest: Row | undefined): Refused {
  if (!latest) return { ok: false, code: 'wrong', left: MAX_TRIES };
  return { ok: false, code: latest.close_reason === 'used' ? 'used' : 'dead', left: 0 };
}
