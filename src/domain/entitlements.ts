import type { Realm } from '../config/schema.ts';
import { appendAudit, type Actor } from '../store/audit.ts';
import { listHolders } from '../store/memberships.ts';
import { findOrganisation, listEntitlements, lockOrganisation, putEntitlements, type Entitlement } from '../store/organisations.ts';
import type { Db } from '../store/schema.ts';
import { DomainError } from './errors.ts';
import { endSessionsOf } from './sessions.ts';

export type EntitlementChange = {
  realm: Realm;
  organisationId: string;
  /** the whole of it from now on; or what is added and taken away */
  wanted: { set: 'all' | Entitlement[] } | { add: Entitlement[]; remove: Entitlement[] };
  actor: Actor;
  now: number;
};
/** `after`: what the organisation may hand out now; `sessions`: how many ended. */
export type Entitled = { after: Entitlement[]; sessions: number };

/**
 * Changes what an organisation's administrators may hand out. A role that is taken away no longer counts for who has
 * it, and their sessions end at once; the assignment stays and counts again when the entitlement comes back.
 * @throws DomainError organisation.unknown, roles.unknown, entitlement.absent (nothing to take away)
 */
export async function setEntitlements(tx: Db, { realm, organisationId, wanted, actor, now }: EntitlementChange): Promise<Entitled> {
  if (!(await findOrganisation(tx, organisationId))) throw new DomainError('organisation.unknown');
  // of two changes at once the second adds to the first
  await lockOrganisation(tx, organisationId);
  const before = await listEntitlements(tx, organisationId);
  const after = 'set' in wanted ? checkEntitlements(realm, wanted.set) : changed(realm, before, wanted);
  await putEntitlements(tx, organisationId, after);
  await appendAudit(tx, {
    event: 'organisation.entitled', action: 'U', outcome: 'success', actor, organisationId, objectType: 'organisation', objectId: organisationId,
    detail: { before: before.map(nameOf), after: after.map(nameOf) }, now,
  });
  const taken = before.filter((one) => !has(after, one));
  const losers = new Set((await listHolders(tx, organisationId)).filter((one) => has(taken, one)).map((one) => one.account_id));
  let sessions = 0;
  for (const accountId of losers) sessions += await endSessionsOf(tx, { accountId, organisationId }, { reason: 'revoked', actor, now });
  return { after, sessions };
}

/** @throws DomainError roles.unknown for what the realm does not have */
export function checkEntitlements(realm: Realm, asked: 'all' | Entitlement[]): Entitlement[] {
  const all = realm.applications.flatMap((application) => application.roles.map((role) => ({ application: application.id, role: role.id })));
  if (asked === 'all') return all;
  for (const one of asked) if (!has(all, one)) throw new DomainError('roles.unknown', { application: one.application });
  return asked;
}

function changed(realm: Realm, before: Entitlement[], { add, remove }: { add: Entitlement[]; remove: Entitlement[] }): Entitlement[] {
  for (const one of remove) if (!has(before, one)) throw new DomainError('entitlement.absent', one);
  const added = checkEntitlements(realm, add).filter((one) => !has(before, one));
  return [...before.filter((one) => !has(remove, one)), ...added];
}

function has(list: Entitlement[], { application, role }: Entitlement): boolean {
  return list.some((one) => one.application === application && one.role === role);
}

function nameOf({ application, role }: Entitlement): string {
  return `${application}/${role}`;
}
