import type { Realm } from '../config/schema.ts';
import type { AccountState, BrokerProof, MembershipState, OrganisationState } from '../flow/facts.ts';
import { findAccount } from '../store/accounts.ts';
import { findIdentity } from '../store/identities.ts';
import { findMembershipOf } from '../store/memberships.ts';
import { findOrganisation, findOrganisationByIdentifier } from '../store/organisations.ts';
import type { Db } from '../store/schema.ts';
import { findStanding, type Standing } from '../store/standing.ts';
import { credentialsOf } from './credentials.ts';
import { isActive } from './lifecycle/ended.ts';
import { displayName } from './names.ts';
import { isProfileComplete } from './profile.ts';
import { rolesThatCount } from './roles.ts';

export type StateQuestion = { accountId?: string; organisationId?: string; broker?: BrokerProof; /** the organisation for which the person must act, whatever else is known: an id, or `<type>:<number>` */ named?: string; /** also what the account has to log in with */ credentials?: boolean; now: number };
export type State = { account: AccountState | undefined; organisation: OrganisationState | undefined; membership: MembershipState | undefined; /** of who must act for a named one: whether they do */ asNamed?: boolean };

/**
 * Whom and what a run is about, read anew each turn, so that a lock, a lapsed agreement or a removed role counts at
 * once (design, section 3). A broker's proof rules over remembered ids: who stands here now is who was just shown.
 */
export async function loadState(db: Db, realm: Realm, question: StateQuestion): Promise<State> {
  const named = question.named === undefined ? undefined : await findNamed(db, question.named);
  const chosen = question.named === undefined ? question.organisationId : await ownOnly(db, named, question.accountId);
  const organisationId = question.broker ? await organisationOf(db, question.broker) : chosen;
  const accountId = question.broker ? await accountOf(db, question.broker, organisationId) : question.accountId;
  const standing = organisationId === undefined ? undefined : await findStanding(db, organisationId, accountId);
  const organisation = standing && organisationState(realm, organisationId ?? '', standing);
  const account = accountId === undefined ? undefined : await accountState(db, realm, accountId, question);
  const membership = account && standing?.membership && { ...standing.membership, roles: rolesThatCount(realm, standing) };
  return { account, organisation, membership, ...(question.named !== undefined && { asNamed: organisation !== undefined && organisation.id === named }) };
}

/** Id of the organisation that a request names. Undefined when there is none. */
async function findNamed(db: Db, named: string): Promise<string | undefined> {
  const [type = '', number] = named.split(':');
  return (number === undefined ? await findOrganisation(db, named) : await findOrganisationByIdentifier(db, type, number))?.id;
}

/** An organisation that is not the person's own never comes into view, so that no page tells anything of it. */
async function ownOnly(db: Db, organisationId: string | undefined, accountId: string | undefined): Promise<string | undefined> {
  if (organisationId === undefined || accountId === undefined) return undefined;
  return (await findMembershipOf(db, accountId, organisationId))?.status === 'active' ? organisationId : undefined;
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

async function accountOf(db: Db, broker: BrokerProof, organisationId: string | undefined): Promise<string | undefined> {
  if (organisationId === undefined) return undefined;
  return (await findIdentity(db, broker.id, broker.actingSubject, organisationId))?.account_id;
}

export function organisationState(realm: Realm, id: string, { organisation: { name, identifiers, minimumLevel }, agreements, hasAdministrator }: Standing): OrganisationState {
  return {
    id, name, identifiers, hasAdministrator,
    missingAgreements: realm.agreements.map((agreement) => agreement.id).filter((agreement) => !agreements.has(agreement)),
    ...(minimumLevel !== null && { minimumLevel }),
  };
}

async function accountState(db: Db, realm: Realm, id: string, { credentials: withCredentials, now }: StateQuestion): Promise<AccountState | undefined> {
  const account = await findAccount(db, id);
  if (!account) return undefined;
  const credentials = withCredentials ? await credentialsOf(db, realm, id) : undefined;
  return {
    id,
    active: isActive(realm, account, now),
    displayName: displayName(account),
    email: account.email,
    language: account.language,
    profileComplete: isProfileComplete(realm.person, account),
    ...(credentials && { credentials }),
  };
}
