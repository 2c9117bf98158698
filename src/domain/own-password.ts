import type { Realm } from '../config/schema.ts';
import { findLoginOf } from '../store/accounts.ts';
import type { Actor } from '../store/audit.ts';
import type { Db } from '../store/schema.ts';
import { listSessions } from '../store/sessions.ts';
import { checkLogin } from './local-login.ts';
import { choosePassword } from './passwords/choose.ts';
import { endSession } from './sessions.ts';

export type OwnPassword = { accountId: string; sessionId: string; current: string; chosen: string; address: string; actor: Actor; now: number };
type Problem = { field?: string; code: string; params?: Record<string, string | number> };

/**
 * A person replaces their own password with the present one in hand (row CAK-5), which takes the same tries as a login. In
 * all their other sessions they are logged out: who changes a password may know that somebody else has it.
 * @param db the database itself: tries are counted
 */
export async function changeOwnPassword(db: Db, realm: Realm, change: OwnPassword): Promise<{ problems: Problem[] } | { commit: (tx: Db) => Promise<void> }> {
  const { accountId, chosen, actor, now } = change;
  const refused = await checkCurrent(db, realm, change);
  if (refused) return { problems: [refused] };
  const outcome = await choosePassword(db, realm, { accountId, chosen, reason: 'own', actor, now });
  if ('problems' in outcome) return { problems: outcome.problems.map((problem) => ({ field: 'new_password', ...problem })) };
  return {
    async commit(tx) {
      await outcome.commit(tx);
      for (const { id } of await listSessions(tx, { accountId })) if (id !== change.sessionId) await endSession(tx, id, { reason: 'revoked', actor, now });
    },
  };
}

async function checkCurrent(db: Db, realm: Realm, { accountId, current, address, now }: OwnPassword): Promise<Problem | undefined> {
  const field = 'current_password';
  if (current === '') return { field, code: 'account.password.required' };
  const login = await findLoginOf(db, accountId);
  if (!login) return { field, code: 'account.password.wrong' };
  const judged = await checkLogin(db, realm, { relationNumber: login.scope, username: login.username, password: current, address }, now);
  if (judged.kind === 'right' && judged.accountId === accountId) return undefined;
  if (judged.kind === 'wait') return { code: 'password.wait', params: { minutes: Math.ceil(judged.seconds / 60) } };
  return judged.kind === 'busy' ? { code: 'password.busy' } : { field, code: 'account.password.wrong' };
}
