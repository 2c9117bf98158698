import { beginAnew, type Kept } from '../store/runs.ts';
import type { Db } from '../store/schema.ts';
import { endSessionsOf, type Ending } from './sessions.ts';

/**
 * Whoever is in as this person, or on the way in, is out: what lets them in was replaced, or may be in other hands. Logins begin anew
 * that are half way, or finished and not yet answered to their portal; then every session ends, with its grants, codes and tokens.
 * In the caller's transaction, after it has replaced what was there.
 * @param kept what stays: `sessionId`, the session in which the person does this themselves, with the logins that began in it;
 * `runId`, the login in whose turn it happens, which is told in its own way
 * @returns how many sessions ended
 */
export async function throwOut(tx: Db, accountId: string, ending: Ending, kept: Kept = {}): Promise<number> {
  await beginAnew(tx, accountId, kept);
  // only now: a login that was being answered at this moment has begun its session when its run lets go
  return endSessionsOf(tx, { accountId, ...(kept.sessionId !== undefined && { butNot: kept.sessionId }) }, ending);
}
