import type { Realm } from '../config/schema.ts';
import type { AccountState, BrokerProof, MembershipState, OrganisationState } from '../flow/facts.ts';
import { findAccount } from '../store/accounts.ts';
import { findIdentity } from '../store/identities.ts';
import { findMembershipOf, hasAdministrator } from '../store/memberships.ts';
import { findOrganisation, findOrganisationByIdentifier, listAgreements } from '../store/organisations.ts';
import type { Db } from '../store/schema.ts';
import { displayName } from './names.ts';
import { isProfileComplete } from './profile.ts';
import { effectiveRoles } from './roles.ts';

export type StateQuestion = { accountId?: string; organisationId?: string; broker?: BrokerProof; now: number };
export type State = { account: AccountState | undefined; organisation: OrganisationState | undefined; membership: MembershipState | undefined };

/**
 * Whom and what a run is about, read anew each turn, so that a lock, a lapsed agreement or a removed role counts at
 * once (design, section 3). A broker's proof rules over remembered ids: who stands here now is who was just shown.
 */
export async function loadState(db: Db, realm: Realm, question: StateQuestion): Promise<State> {
  const organisationId = question.broker ? await organisationOf(db, question.broker) : question.organisationId;
  const organisation = organisationId === undefined ? undefined : await organisationState(db, realm, organisationId);
  const accountId = question.broker ? await accountOf(db, question.broker, organisation) : question.accountId;
  const account = accountId === undefined ? undefined : await accountState(db, accountId);
  const membership = account && organisation && await membershipState(db, realm, account.id, organisation.id);
  return { account, organisation, membership };
}

/** The organisation that the broker's numbers name. Numbers of two different organisations name neither. */
async function organisationOf(db: Db, broker: BrokerProof): Promise<string | undefined> {
  const found = new Set<string>();
  for (const [type, value] of Object.entries(broker.organisation)) {
    const organisation = await findOrganisationByIdentifier(db, type, value);
    if (organisation) found.add(organisation.id);
  }
  return found.size === 1 ? [...found][0] : undefined;
}

async function accountOf(db: Db, broker: BrokerProof, organisation: OrganisationState | undefined): Promise<string | undefined> {
  if (!organisation) return undefined;
  return (await findIdentity(db, broker.id, broker.actingSubject, organisation.id))?.account_id;
}

async function organisationState(db: Db, realm: Realm, id: string): Promise<OrganisationState | undefined> {
  const organisation = await findOrganisation(db, id);
  if (!organisation) return undefined;
  const signed = new Set((await listAgreements(db, id)).map((row) => row.agreement));
  return {
    id,
    name: organisation.name,
    identifiers: organisation.identifiers,
    missingAgreements: realm.agreements.map((agreement) => agreement.id).filter((agreement) => !signed.has(agreement)),
    hasAdministrator: await hasAdministrator(db, id),
    ...(organisation.minimumLevel !== undefined && { minimumLevel: organisation.minimumLevel }),
  };
}

async function accountState(db: Db, id: string): Promise<AccountState | undefined> {
  const account = await findAccount(db, id);
  if (!account) return undefined;
  return {
    id,
    active: account.status === 'active',
    displayName: displayName(account),
    email: account.email,
    language: account.language,
    profileComplete: isProfileComplete(account),
  };
}

async function membershipState(db: Db, realm: Realm, accountId: string, organisationId: string): Promise<MembershipState | undefined> {
  const membership = await findMembershipOf(db, accountId, organisationId);
  if (!membership) return undefined;
  const { id, tier, status } = membership;
  return { id, tier, status, roles: await effectiveRoles(db, realm, membership) };
}
