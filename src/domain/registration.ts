import { createHash, randomUUID } from 'node:crypto';
import type { Realm } from '../config/schema.ts';
import type { BrokerProof } from '../flow/facts.ts';
import { findAccount, insertAccount, updateAccount } from '../store/accounts.ts';
import { appendAudit, type Actor } from '../store/audit.ts';
import { countUp } from '../store/counters.ts';
import { findIdentity, insertIdentity } from '../store/identities.ts';
import { findMembershipOf, insertMembership, listAdministrators } from '../store/memberships.ts';
import { findOrganisation } from '../store/organisations.ts';
import type { Db } from '../store/schema.ts';
import { DomainError } from './errors.ts';
import { displayName } from './names.ts';
import { tellPerson } from './notify.ts';
import { changedFields, type Profile } from './profile.ts';

export type Registration = {
  realm: Realm;
  organisationId: string;
  broker: BrokerProof;
  profile: Profile;
  language: string;
  /** the person said to be the organisation's new administrator; only a code of the service desk makes it so */
  claims?: 'administrator';
  runId?: string;
  now: number;
};
export type Registered = { accountId: string; membershipId: string };

/**
 * Registers who a broker showed and nobody knew yet: account, identity and a pending membership, with a message to the
 * organisation's administrators (seed rows IB-4, IB-6). A second time for the same identity (double post, two tabs)
 * gives the account of the first and tells nobody anything.
 * @throws DomainError organisation.unknown
 */
export async function registerPerson(tx: Db, registration: Registration): Promise<Registered> {
  const { organisationId, broker, now } = registration;
  const organisation = await findOrganisation(tx, organisationId);
  if (!organisation) throw new DomainError('organisation.unknown');
  await oneAtATime(tx, registration);
  const known = await findIdentity(tx, broker.id, broker.actingSubject, organisationId);
  const accountId = known?.account_id ?? await createAccount(tx, registration);
  const membership = await findMembershipOf(tx, accountId, organisationId);
  if (membership) return { accountId, membershipId: membership.id };
  const membershipId = randomUUID();
  await insertMembership(tx, {
    id: membershipId, account_id: accountId, organisation_id: organisationId,
    tier: 'user', status: 'pending', registered_at: now, verified_at: null,
  });
  await appendAudit(tx, {
    ...recordOf(registration, accountId), event: 'registration.created', action: 'C', objectType: 'membership', objectId: membershipId,
    detail: { broker: broker.id, ...(registration.claims && { claims: registration.claims }) },
  });
  await tellAdministrators(tx, registration, organisation.name, membershipId);
  return { accountId, membershipId };
}

/**
 * Replaces the personal details of somebody who is registered and has gaps; records which fields changed, never their values.
 * @throws DomainError account.unknown
 */
export async function completeProfile(tx: Db, change: { accountId: string; profile: Profile; runId?: string; now: number }): Promise<void> {
  const { accountId, profile, now } = change;
  const before = await findAccount(tx, accountId);
  if (!before) throw new DomainError('account.unknown');
  await updateAccount(tx, accountId, { ...profile, updated_at: now });
  await appendAudit(tx, {
    event: 'profile.changed', action: 'U', outcome: 'success', actor: { kind: 'person', id: accountId, display: displayName({ ...before, ...profile }) },
    objectType: 'account', objectId: accountId, ...(change.runId && { runId: change.runId }), detail: { fields: changedFields(before, profile) }, now,
  });
}

/**
 * Makes a second registration of the same identity wait for the first: the row stays locked until this transaction ends,
 * so that the second finds the account instead of meeting the unique key.
 */
async function oneAtATime(tx: Db, { broker, organisationId, now }: Registration): Promise<void> {
  const identity = createHash('sha256').update(JSON.stringify([broker.id, broker.actingSubject, organisationId])).digest('base64url');
  await countUp(tx, `registration:${identity}`, 60, now);
}

async function createAccount(tx: Db, registration: Registration): Promise<string> {
  const { broker, profile, language, organisationId, now } = registration;
  const accountId = randomUUID();
  await insertAccount(tx, {
    id: accountId, status: 'active', ...profile, language,
    created_at: now, updated_at: now, last_login_at: null,
  });
  await insertIdentity(tx, {
    broker_id: broker.id, acting_subject: broker.actingSubject, organisation_id: organisationId, account_id: accountId,
    created_at: now, last_seen_at: now,
  });
  await appendAudit(tx, {
    ...recordOf(registration, accountId), event: 'account.created', action: 'C', objectType: 'account', objectId: accountId,
    detail: { broker: broker.id },
  });
  return accountId;
}

/** What every audit row of a registration has in common: the person did it. */
function recordOf(registration: Registration, accountId: string) {
  const actor: Actor = { kind: 'person', id: accountId, display: displayName(registration.profile) };
  return {
    outcome: 'success' as const, actor, organisationId: registration.organisationId, now: registration.now,
    ...(registration.runId && { runId: registration.runId }),
  };
}

/** One mail to each administrator, in their own language, with the way to the new person's page. */
async function tellAdministrators(tx: Db, registration: Registration, organisation: string, membershipId: string): Promise<void> {
  const { realm, profile, now } = registration;
  const link = `${realm.issuer}/admin/people/${membershipId}`;
  for (const administrator of await listAdministrators(tx, registration.organisationId)) {
    await tellPerson(tx, realm, administrator, { message: 'registration', params: { name: displayName(profile), organisation, link }, links: [link], now });
  }
}
