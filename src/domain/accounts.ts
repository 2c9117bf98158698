import { findAccount, updateAccount } from '../store/accounts.ts';
import { appendAudit, type Actor } from '../store/audit.ts';
import { hasAdministrator, listMembershipsOf } from '../store/memberships.ts';
import type { Db } from '../store/schema.ts';
import { DomainError } from './errors.ts';
import { endSessionsOf } from './sessions.ts';

type StatusChange = { accountId: string; actor: Actor; now: number };

/** `withoutAdministrator`: ids of organisations in which nobody can hand out roles and codes any more. */
export type Locked = { sessions: number; withoutAdministrator: string[] };

/**
 * Shuts somebody out of the realm, at once: their sessions end with every token, and no login succeeds until the account is unlocked.
 * @throws DomainError user.not_active
 */
export async function lockAccount(tx: Db, change: StatusChange): Promise<Locked> {
  const { accountId, actor, now } = change;
  const administered = (await listMembershipsOf(tx, accountId)).filter((one) => one.tier === 'administrator' && one.status === 'active');
  await changeStatus(tx, change, { event: 'account.locked', from: 'active', to: 'locked' });
  const sessions = await endSessionsOf(tx, { accountId }, { reason: 'revoked', actor, now });
  const withoutAdministrator: string[] = [];
  for (const { organisation_id } of administered) if (!await hasAdministrator(tx, organisation_id)) withoutAdministrator.push(organisation_id);
  return { sessions, withoutAdministrator };
}

/**
 * Lets somebody log in again; what ended stays ended.
 * @throws DomainError user.not_locked
 */
export async function unlockAccount(tx: Db, change: StatusChange): Promise<void> {
  await changeStatus(tx, change, { event: 'account.unlocked', from: 'locked', to: 'active' });
}

async function changeStatus(tx: Db, { accountId, actor, now }: StatusChange, { event, from, to }: { event: string; from: 'active' | 'locked'; to: 'active' | 'locked' }): Promise<void> {
  const status = (await findAccount(tx, accountId))?.status ?? 'deleted';
  if (status !== from) throw new DomainError(`user.not_${from}`, { status });
  await updateAccount(tx, accountId, { status: to, updated_at: now });
  await appendAudit(tx, {
    event, action: 'U', outcome: 'success', actor, objectType: 'account', objectId: accountId, detail: { before: from, after: to }, now,
  });
}
