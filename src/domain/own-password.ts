import type { Realm } from '../config/schema.ts';
import { findPassword } from '../store/accounts.ts';
import type { Actor } from '../store/audit.ts';
import type { Db } from '../store/schema.ts';
import { guessesOf } from './guesses.ts';
import { choosePassword } from './passwords/choose.ts';
import { TooBusy } from './passwords/gate.ts';
import { LONGEST, verifyHash } from './passwords/hash.ts';
import { forgiveTries, takeGuess } from './throttle.ts';
import { throwOut } from './throw-out.ts';

export type OwnPassword = { accountId: string; sessionId: string; current: string; chosen: string; actor: Actor; now: number };
type Problem = { field?: string; code: string; params?: Record<string, string | number> };

/**
 * A person replaces their own password with the present one in hand (row CAK-5), which takes tries as a login does. This
 * session stays, with the logins that began in it; whoever else is in, or on the way in, is thrown out: who changes a password may know that somebody else has it.
 * @param db the database itself: tries are counted
 */
export async function changeOwnPassword(db: Db, realm: Realm, change: OwnPassword): Promise<{ problems: Problem[] } | { commit: (tx: Db) => Promise<void> }> {
  const { accountId, chosen, actor, now } = change;
  const refused = await checkCurrent(db, change);
  if (refused) return { problems: [refused] };
  const outcome = await choosePassword(db, realm, { accountId, chosen, reason: 'own', actor, now });
  if ('problems' in outcome) return { problems: outcome.problems.map((problem) => ({ field: 'new_password', ...problem })) };
  return {
    async commit(tx) {
      await outcome.commit(tx);
      await throwOut(tx, accountId, { reason: 'revoked', actor, now }, { sessionId: change.sessionId });
    },
  };
}

/** With tries of its own: who guesses at the login page does not keep somebody who is logged in from choosing another password. */
async function checkCurrent(db: Db, { accountId, current, now }: OwnPassword): Promise<Problem | undefined> {
  const field = 'current_password';
  if (current === '') return { field, code: 'account.password.required' };
  const key = `${guessesOf(accountId)}:own`;
  const guess = await takeGuess(db, key, now);
  if (!guess.allowed) return { code: 'password.wait', params: { minutes: Math.ceil(guess.retryAfter / 60) } };
  try {
    const stored = await findPassword(db, accountId);
    // longer ones are nobody's
    if (!stored || current.length > 2 * LONGEST || !await verifyHash(stored.hash, current)) return { field, code: 'account.password.wrong' };
  } catch (error) {
    if (error instanceof TooBusy) return { code: 'password.busy' };
    throw error;
  }
  await forgiveTries(db, key);
  return undefined;
}
