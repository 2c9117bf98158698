import type { Application, Realm } from '../config/schema.ts';
import { appendAudit, type Actor } from '../store/audit.ts';
import { findMembership, listRoles, setRoles } from '../store/memberships.ts';
import { listEntitlements } from '../store/organisations.ts';
import type { Db } from '../store/schema.ts';
import { DomainError } from './errors.ts';
import { endSessionsOf } from './sessions.ts';

/** Application id -> role ids. */
export type Roles = Record<string, string[]>;

/**
 * The roles of a membership that count today: assigned, still known to the realm, and the organisation still
 * entitled to them. An application without any is left out.
 */
export async function effectiveRoles(db: Db, realm: Realm, membership: { id: string; organisation_id: string }): Promise<Roles> {
  return rolesThatCount(realm, { entitlements: await listEntitlements(db, membership.organisation_id), roles: await listRoles(db, membership.id) });
}

/** As `effectiveRoles`, of what was read already. */
export function rolesThatCount(realm: Realm, { entitlements, roles: assigned }: { entitlements: Pair[]; roles: Pair[] }): Roles {
  const granted = knownRoles(realm, entitlements);
  const roles: Roles = {};
  for (const { application, role } of assigned) {
    if (granted[application]?.includes(role)) (roles[application] ??= []).push(role);
  }
  return roles;
}

/** What administrators of an organisation may hand out, of what the realm knows. */
export async function entitledRoles(db: Db, realm: Realm, organisationId: string): Promise<Roles> {
  return knownRoles(realm, await listEntitlements(db, organisationId));
}

type Pair = { application: string; role: string };

/** Of these, the roles that the realm knows, in its order. */
function knownRoles(realm: Realm, rows: Pair[]): Roles {
  const roles: Roles = {};
  for (const application of realm.applications) {
    const entitled = application.roles.map((role) => role.id)
      .filter((role) => rows.some((row) => row.application === application.id && row.role === role));
    if (entitled.length > 0) roles[application.id] = entitled;
  }
  return roles;
}

/**
 * Replaces the roles of a membership, all of them or none (seed rows IB-6, IB-7). That the membership is of the
 * caller's own organisation is for the caller to check (`personOf`). When a role that counted is taken, the sessions in
 * which the person acts for the organisation end at once; giving roles ends nothing.
 * @throws DomainError roles.unknown, roles.not_entitled, roles.exclusive, membership.ended
 */
export async function assignRoles(tx: Db, change: { realm: Realm; membershipId: string; roles: Roles; actor: Actor; now: number }): Promise<void> {
  const membership = await findMembership(tx, change.membershipId);
  if (!membership || membership.status === 'ended') throw new DomainError('membership.ended');
  const entitled = await entitledRoles(tx, change.realm, membership.organisation_id);
  const wanted = checkRoles(change.realm, change.roles, entitled);
  const before = await listRoles(tx, membership.id);
  await setRoles(tx, membership.id, wanted.map(({ application, role }) => {
    const kept = before.find((row) => row.application === application && row.role === role);
    return { application, role, assigned_by: kept?.assigned_by ?? change.actor.id, assigned_at: kept?.assigned_at ?? change.now };
  }));
  await appendAudit(tx, {
    event: 'roles.assigned', action: 'U', outcome: 'success', actor: change.actor,
    organisationId: membership.organisation_id, accountId: membership.account_id, objectType: 'membership', objectId: membership.id,
    detail: { before: before.map(roleName), after: wanted.map(roleName) }, now: change.now,
  });
  const counted = before.filter(({ application, role }) => entitled[application]?.includes(role));
  if (counted.every((row) => wanted.some((one) => roleName(one) === roleName(row)))) return;
  const { account_id: accountId, organisation_id: organisationId } = membership;
  await endSessionsOf(tx, { accountId, organisationId }, { reason: 'revoked', actor: change.actor, now: change.now });
}

function checkRoles(realm: Realm, roles: Roles, entitled: Roles): { application: string; role: string }[] {
  return Object.entries(roles).flatMap(([id, asked]) => {
    const application = realm.applications.find((candidate) => candidate.id === id);
    if (!application) throw new DomainError('roles.unknown', { application: id });
    const wanted = [...new Set(asked)];
    for (const role of wanted) checkRole(application, role, entitled);
    if (application.exclusive && wanted.length > 1) throw new DomainError('roles.exclusive', { application: application.name, applicationId: id });
    return wanted.map((role) => ({ application: id, role }));
  });
}

function checkRole(application: Application, id: string, entitled: Roles): void {
  const role = application.roles.find((candidate) => candidate.id === id);
  if (!role) throw new DomainError('roles.unknown', { application: application.name, applicationId: application.id });
  if (!entitled[application.id]?.includes(id)) {
    throw new DomainError('roles.not_entitled', { application: application.name, applicationId: application.id, role: role.name });
  }
}

function roleName(row: { application: string; role: string }): string {
  return `${row.application}/${row.role}`;
}
