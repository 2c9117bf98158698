import type { Realm } from '../config/schema.ts';
import { endAccount, findAccount, reopenAccount } from '../store/accounts.ts';
import { appendAudit, type Actor } from '../store/audit.ts';
import { hasAdministrator, listMembershipsOf } from '../store/memberships.ts';
import { removePasskeys } from '../store/passkeys.ts';
import type { Db } from '../store/schema.ts';
import { DomainError } from './errors.ts';
import { isLost } from './lifecycle/ended.ts';
import { endMembership } from './memberships.ts';
import { endSessionsOf } from './sessions.ts';
import { throwOut } from './throw-out.ts';

type StatusChange = { accountId: string; actor: Actor; now: number };

/** `withoutAdministrator`: ids of organisations in which nobody can hand out roles and codes any more. */
export type Locked = { sessions: number; withoutAdministrator: string[] };
export type Deleted = Locked & { /** that ended */ memberships: number };

/** Characters of a reason that somebody gives. */
const LONGEST_REASON = 500;

/**
 * Shuts somebody out of the realm, at once: their sessions end with every token, and no login succeeds until the account is unlocked.
 * @throws DomainError user.not_active
 */
export async function lockAccount(tx: Db, { accountId, actor, now }: StatusChange): Promise<Locked> {
  const administered = await administeredBy(tx, accountId);
  if (!await endAccount(tx, accountId, { from: ['active'], to: 'locked', now })) throw new DomainError('user.not_active', { status: await statusOf(tx, accountId) });
  await record(tx, { event: 'account.locked', accountId, actor, before: 'active', after: 'locked', now });
  const sessions = await endSessionsOf(tx, { accountId }, { reason: 'revoked', actor, now });
  return { sessions, withoutAdministrator: await ungoverned(tx, administered) };
}

/**
 * Lets somebody log in again whose account was locked or is dormant; what ended stays ended, and a login that was half way begins anew.
 * From now on it counts as used.
 * @throws DomainError user.not_locked, user.dormant_for_good
 */
export async function unlockAccount(tx: Db, realm: Pick<Realm, 'lifecycle'>, { accountId, actor, now }: StatusChange): Promise<void> {
  const account = await findAccount(tx, accountId);
  const before = account?.status ?? 'deleted';
  // locked meanwhile or not: what nobody used for so long does not come back by way of the lock
  if (account && (before === 'dormant' || before === 'locked') && isLost(realm, account, now)) throw new DomainError('user.dormant_for_good');
  if ((before !== 'locked' && before !== 'dormant') || !await reopenAccount(tx, accountId, before, now)) throw new DomainError('user.not_locked', { status: before });
  await throwOut(tx, accountId, { reason: 'revoked', actor, now });
  if (before === 'locked') await record(tx, { event: 'account.unlocked', accountId, actor, before, after: 'active', now });
  else await record(tx, { event: 'account.returned', accountId, actor, before, after: 'active', now });
}

/**
 * Ends an account for good: sessions and tokens, and every place in an organisation with its roles. Personal data stay until the realm's
 * `lifecycle.purge_after_days` are over. `reason` is for the service desk: it is kept with the account, not in the trail.
 * @throws DomainError user.reason, user.deleted
 */
export async function deleteAccount(tx: Db, { accountId, reason, actor, now }: StatusChange & { reason: string }): Promise<Deleted> {
  const why = reason.normalize('NFC').trim();
  if (why === '' || why.length > LONGEST_REASON || /[\p{Cc}\p{Cf}]/u.test(why)) throw new DomainError('user.reason');
  const administered = await administeredBy(tx, accountId);
  const before = await statusOf(tx, accountId);
  if (!await endAccount(tx, accountId, { from: ['active', 'locked', 'dormant'], to: 'deleted', reason: why, now })) throw new DomainError('user.deleted');
  await record(tx, { event: 'account.deleted', accountId, actor, before, after: 'deleted', now });
  await removePasskeys(tx, accountId);
  const sessions = await endSessionsOf(tx, { accountId }, { reason: 'revoked', actor, now });
  const memberships = await listMembershipsOf(tx, accountId);
  for (const { id } of memberships) await endMembership(tx, { membershipId: id, actor, now });
  return { sessions, memberships: memberships.length, withoutAdministrator: await ungoverned(tx, administered) };
}

async function statusOf(tx: Db, accountId: string) {
  return (await findAccount(tx, accountId))?.status ?? 'deleted';
}

async function administeredBy(tx: Db, accountId: string): Promise<string[]> {
  return (await listMembershipsOf(tx, accountId)).filter((one) => one.tier === 'administrator' && one.status === 'active').map((one) => one.organisation_id);
}

async function ungoverned(tx: Db, organisations: string[]): Promise<string[]> {
  const found: string[] = [];
  for (const id of organisations) if (!await hasAdministrator(tx, id)) found.push(id);
  return found;
}

async function record(tx: Db, { event, accountId, actor, before, after, now }: StatusChange & { event: string; before: string; after: string }): Promise<void> {
  const action = after === 'deleted' ? 'D' : 'U';
  await appendAudit(tx, { event, action, outcome: 'success', actor, objectType: 'account', objectId: accountId, detail: { before, after }, now });
}
