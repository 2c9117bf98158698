import { setApplicationAccounts } from '../store/application-accounts.ts';
import { appendAudit, type Actor } from '../store/audit.ts';
import { verificationCodes } from '../store/codes.ts';
import { findMembership, findMembershipOf, hasAdministrator, listRoles, setRoles, updateMembership, type MembershipRow } from '../store/memberships.ts';
import { lockOrganisation } from '../store/organisations.ts';
import type { Db } from '../store/schema.ts';
import { DomainError } from './errors.ts';
import { endSessionsOf } from './sessions.ts';

export type MembershipChange = { membershipId: string; actor: Actor; now: number };
/** `lastAdministrator`: nobody of the organisation can hand out roles and codes any more; the service desk must appoint somebody. */
export type Ended = { sessions: number; lastAdministrator: boolean };

/**
 * Ends somebody's place in an organisation, at once: roles, accounts in applications and waiting code go, and the sessions in which they act for it
 * end. The account stays, and what it may do for other organisations too. Who is a person does it within the own
 * organisation, as its administrator, and never to themselves.
 * @throws DomainError membership.ended, membership.not_yours, membership.self
 */
export async function endMembership(tx: Db, { membershipId, actor, now }: MembershipChange): Promise<Ended> {
  const membership = await changeable(tx, membershipId, actor);
  const { account_id: accountId, organisation_id: organisationId, status, tier } = membership;
  if (status === 'ended') throw new DomainError('membership.ended');
  const governed = await hasAdministrator(tx, organisationId);
  const roles = (await listRoles(tx, membershipId)).map(({ application, role }) => `${application}/${role}`);
  await updateMembership(tx, membershipId, { status: 'ended' });
  await setRoles(tx, membershipId, []);
  await setApplicationAccounts(tx, membershipId, []);
  await verificationCodes.closeOpen(tx, membershipId, 'ended', now);
  await appendAudit(tx, {
    event: 'membership.ended', action: 'U', outcome: 'success', actor, organisationId, accountId, objectType: 'membership', objectId: membershipId,
    detail: { account: accountId, before: { status, tier, roles }, after: { status: 'ended', tier, roles: [] } }, now,
  });
  const sessions = await endSessionsOf(tx, { accountId, organisationId }, { reason: 'revoked', actor, now });
  return { sessions, lastAdministrator: governed && !await hasAdministrator(tx, organisationId) };
}

/**
 * Lets somebody whose membership ended register again with the means they had: they wait for a role and a new verification
 * code, as a newcomer does. Nothing they had comes back by itself.
 * @throws DomainError membership.not_ended, membership.not_yours, membership.self
 */
export async function resumeMembership(tx: Db, { membershipId, actor, now }: MembershipChange): Promise<void> {
  const { status, tier, account_id, organisation_id } = await changeable(tx, membershipId, actor);
  if (status !== 'ended') throw new DomainError('membership.not_ended');
  await updateMembership(tx, membershipId, { status: 'pending', tier: 'user', verified_at: null });
  // what somebody gave in the very moment of the end
  await setRoles(tx, membershipId, []);
  await verificationCodes.closeOpen(tx, membershipId, 'ended', now);
  await appendAudit(tx, {
    event: 'membership.resumed', action: 'U', outcome: 'success', actor, organisationId: organisation_id, accountId: account_id, objectType: 'membership', objectId: membershipId,
    detail: { account: account_id, before: { status, tier }, after: { status: 'pending', tier: 'user' } }, now,
  });
}

/** The membership as it is once nobody else can change those of its organisation: two administrators who end each other must not both succeed. */
async function changeable(tx: Db, membershipId: string, actor: Actor): Promise<MembershipRow> {
  const found = await findMembership(tx, membershipId);
  if (!found) throw new DomainError('membership.ended');
  await lockOrganisation(tx, found.organisation_id);
  if (actor.kind === 'person') await checkAdministrator(tx, found, actor.id);
  return await findMembership(tx, membershipId) ?? found;
}

async function checkAdministrator(tx: Db, { account_id, organisation_id }: MembershipRow, actorId: string): Promise<void> {
  if (account_id === actorId) throw new DomainError('membership.self');
  const own = await findMembershipOf(tx, actorId, organisation_id);
  if (own?.status !== 'active' || own.tier !== 'administrator') throw new DomainError('membership.not_yours');
}
