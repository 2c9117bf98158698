import type { Realm } from '../../config/schema.ts';
import { findAccount, findLoginOf, findPassword, putPassword } from '../../store/accounts.ts';
import { appendAudit, type Actor } from '../../store/audit.ts';
import { listPasswordHistory, rememberPassword } from '../../store/password-history.ts';
import type { Db } from '../../store/schema.ts';
import { tellPerson } from '../notify.ts';
import { forgiveTries, takeTry } from '../throttle.ts';
import { throwOut } from '../throw-out.ts';
import { TooBusy } from './gate.ts';
import { hashPassword, verifyHash } from './hash.ts';
import { brokenRules, type PasswordRule } from './policy.ts';

/** Why a password is replaced: it is in the audit trail. `reset`: by a link or the service desk, without the old one. */
export type PasswordReason = 'one_time' | 'expired' | 'own' | 'reset';

export type PasswordChoice = { accountId: string; chosen: string; reason: PasswordReason; actor: Actor; runId?: string; now: number };

/** `commit` writes it, in the transaction of the turn. */
export type PasswordChosen = { problems: PasswordRule[] } | { commit: (tx: Db) => Promise<void> };

/** Each try costs as many hashes as passwords are remembered. */
const choices = { limit: 20, window: 900 };

/**
 * Judges a new password by the policy of the realm (rows CAK-6, CIZ-3) and hashes it: the slow part, before any
 * transaction. `commit` then puts it in the place of the old one, which the history keeps; audits `password.changed` and
 * mails the person. With reason `reset` everybody is thrown out: who asked may be there because somebody else is in. In
 * every other case the person is here with what they knew, and what ends is for the caller to say.
 * @param db the database itself, never a transaction: the try is counted
 */
export async function choosePassword(db: Db, realm: Realm, choice: PasswordChoice): Promise<PasswordChosen> {
  try {
    return await judge(db, realm, choice);
  } catch (error) {
    if (error instanceof TooBusy) return { problems: [{ code: 'new-password.busy' }] };
    throw error;
  }
}

async function judge(db: Db, realm: Realm, choice: PasswordChoice): Promise<PasswordChosen> {
  const { accountId, chosen, now } = choice;
  const account = await findAccount(db, accountId);
  if (!account || chosen === '') return { problems: [{ code: 'new-password.required' }] };
  const tried = await takeTry(db, `new-password:${accountId}`, choices, now);
  if (!tried.allowed) return { problems: [{ code: 'new-password.wait', params: { minutes: Math.ceil(tried.retryAfter / 60) } }] };
  const username = (await findLoginOf(db, accountId))?.username;
  const names = [account.given_name, account.family_name, account.email].filter((name) => name !== null);
  const problems = brokenRules(realm.password, { password: chosen, ...(username && { username }), names, words: wordsOf(realm) });
  // a password that is too long is not even hashed
  if (!problems.some(({ code }) => code === 'new-password.long')) problems.push(...await earlier(db, realm, choice));
  if (problems.length > 0) return { problems };
  const hash = await hashPassword(chosen, realm.login.argon2);
  return { commit: (tx) => replace(tx, realm, choice, hash) };
}

/** Is it the present password, or one of the last ones? The present one counts among the `history` of the policy. */
async function earlier(db: Db, { password: { history } }: Realm, { accountId, chosen }: PasswordChoice): Promise<PasswordRule[]> {
  const present = await findPassword(db, accountId);
  if (present && await verifyHash(present.hash, chosen)) return [history > 0 && present.one_time === 0 ? tooEarly(history) : { code: 'new-password.same' }];
  for (const { hash } of history > 1 ? await listPasswordHistory(db, accountId, history - 1) : []) {
    if (await verifyHash(hash, chosen)) return [tooEarly(history)];
  }
  return [];
}

function tooEarly(count: number): PasswordRule {
  return { code: 'new-password.history', params: { count } };
}

/** What everybody who works with this realm would think of. */
function wordsOf({ name, portals }: Realm): string[] {
  return [name, ...portals.flatMap((portal) => [portal.name, portal.service])];
}

async function replace(tx: Db, realm: Realm, { accountId, reason, actor, runId, now }: PasswordChoice, hash: string): Promise<void> {
  await putNewPassword(tx, realm, { accountId, hash, oneTime: false, now });
  await appendAudit(tx, {
    event: 'password.changed', action: 'U', outcome: 'success', actor, objectType: 'account', objectId: accountId, ...(runId && { runId }), detail: { reason }, now,
  });
  if (reason === 'reset') await throwOut(tx, accountId, { reason: 'revoked', actor, now });
  await forgiveTries(tx, `new-password:${accountId}`);
  const account = await findAccount(tx, accountId);
  if (account) await tellPerson(tx, realm, account, { message: 'password_changed', now });
}

/** Puts a password in the place of the one before, which the history keeps unless it was a one-time one. */
export async function putNewPassword(tx: Db, { password: { history } }: Pick<Realm, 'password'>, { accountId, hash, oneTime, now }: { accountId: string; hash: string; oneTime: boolean; now: number }): Promise<void> {
  const before = await findPassword(tx, accountId);
  if (before && before.one_time === 0) await rememberPassword(tx, { accountId, hash: before.hash, keep: Math.max(0, history - 1), now });
  await putPassword(tx, { account_id: accountId, hash, changed_at: now, one_time: oneTime ? 1 : 0 });
}
