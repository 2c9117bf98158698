import type { Realm } from '../../config/schema.ts';
import { findAccount } from '../../store/accounts.ts';
import { appendAudit } from '../../store/audit.ts';
import type { Database } from '../../store/database.ts';
import { findByNames, type TypedNames } from '../../store/logins.ts';
import { credentialsOf } from '../credentials.ts';
import { isActive } from '../lifecycle/ended.ts';
import { checkLogin, problemOfLogin, type LocalLogin } from '../local-login.ts';
import { displayName } from '../names.ts';
import { throwOut } from '../throw-out.ts';
import type { Vault } from '../vault.ts';
import { choosePassword, type PasswordReason } from './choose.ts';
import { LONGEST } from './hash.ts';
import { isPresent, markOf } from './present.ts';

type Place = { database: Database; realm: Realm; vault: Vault; now: number };
type Problem = { field?: string; code: string; params?: Record<string, string | number> };

export type ChangeAtLogin = { names: TypedNames; current: string; chosen: string; address: string; /** what this browser kept of an earlier login */ browser?: string };
/** `two_steps`: the password is right, and not enough to change what two steps protect. */
export type ChangedAtLogin = { kind: 'done' } | { kind: 'two_steps' } | { kind: 'refused'; problems: Problem[] };

/**
 * Replaces a password at the door (row CIZ-16), by who knows the present one, also when that is expired or a one-time one; it
 * takes tries as a login does. Everybody is thrown out: who changes a password may know that somebody else has it.
 */
export async function changeAtLogin(place: Place, change: ChangeAtLogin): Promise<ChangedAtLogin> {
  const { names, current, chosen, address, browser } = change;
  const missing = [...(current === '' ? [{ field: 'current_password', code: 'account.password.required' }] : []), ...(chosen === '' ? [{ field: 'new_password', code: 'new-password.required' }] : [])];
  if (missing.length > 0) return { kind: 'refused', problems: missing };
  // longer ones are nobody's
  if (current.length > 2 * LONGEST) return { kind: 'refused', problems: [{ code: 'password.wrong' }] };
  const { database: { db }, realm, vault, now } = place;
  // what is judged now must be what is replaced then
  const mark = markOf((await findByNames(db, names))?.hash);
  const login = await checkLogin({ db, realm, vault, now }, { names, password: current, address, ...(browser !== undefined && { browser }) });
  const outcome = login.kind === 'right' ? await replace(place, { accountId: login.accountId, mark, chosen }) : { kind: 'refused' as const, problems: [problemOfLogin(login)] };
  if (outcome.kind !== 'done' && login.kind !== 'busy') await recordRefusal(place, login, outcome);
  return outcome;
}

async function replace({ database, realm, now }: Place, { accountId, mark, chosen }: { accountId: string; mark: string; chosen: string }): Promise<ChangedAtLogin> {
  const { db } = database;
  const [account, credentials] = [await findAccount(db, accountId), await credentialsOf(db, realm, accountId)];
  if (!account || !isActive(realm, account, now)) return { kind: 'refused', problems: [{ code: 'password-change.inactive' }] };
  if (credentials && credentials.factors.length > 0) return { kind: 'two_steps' };
  const { oneTime = false, expiresAt = Infinity } = credentials?.password ?? {};
  const reason: PasswordReason = oneTime ? 'one_time' : expiresAt <= now ? 'expired' : 'own';
  const actor = { kind: 'person' as const, id: accountId, display: displayName(account) };
  const choice = await choosePassword(db, realm, { accountId, chosen, reason, actor, now });
  if ('problems' in choice) return { kind: 'refused', problems: choice.problems.map((problem) => ({ field: 'new_password', ...problem })) };
  const done = await database.transaction(async (tx) => {
    if (!await isPresent(tx, accountId, mark)) return false;
    await choice.commit(tx);
    await throwOut(tx, accountId, { reason: 'revoked', actor, now });
    return true;
  });
  return done ? { kind: 'done' } : { kind: 'refused', problems: [{ code: 'password.wrong' }] };
}

async function recordRefusal({ database, now }: Place, login: LocalLogin, outcome: Exclude<ChangedAtLogin, { kind: 'done' }>): Promise<void> {
  const accountId = login.kind === 'right' ? login.accountId : undefined;
  await appendAudit(database.db, {
    event: 'password.change_refused', action: 'U', outcome: 'refused', reason: outcome.kind === 'refused' ? outcome.problems.map(({ code }) => code).join(' ') : outcome.kind,
    actor: { kind: 'person', id: accountId ?? 'unknown' }, ...(accountId !== undefined && { objectType: 'account', objectId: accountId }), now,
  });
}
