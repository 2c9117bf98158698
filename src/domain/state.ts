import type { Realm } from '../config/schema.ts';
import type { AccountState, BrokerProof, MembershipState, OrganisationState } from '../flow/facts.ts';
import { findAccount } from '../store/accounts.ts';
import { findIdentity } from '../store/identities.ts';
import { findOrganisationByIdentifier } from '../store/organisations.ts';
import type { Db } from '../store/schema.ts';
import { findStanding, type Standing } from '../store/standing.ts';
import { credentialsOf } from './credentials.ts';
import { isActive } from './lifecycle/ended.ts';
import { displayName } from './names.ts';
import { isProfileComplete } from './profile.ts';
import { rolesThatCount } from './roles.ts';

export type StateQuestion = { accountId?: string; organisationId?: string; broker?: BrokerProof; /** also what the account has to log in with */ credentials?: boolean; now: number };
export type State = { account: AccountState | undefined; organisation: OrganisationState | undefined; membership: MembershipState | undefined };

/**
 * Whom and what a run is about, read anew each turn, so that a lock, a lapsed agreement or a removed role counts at
 * once (design, section 3). A broker's proof rules over remembered ids: who stands here now is who was just shown.
 */
export async function loadState(db: Db, realm: Realm, question: StateQuestion): Promise<State> {
  const organisationId = question.broker ? await organisationOf(db, question.broker) : question.organisationId;
  const accountId = question.broker ? await accountOf(db, question.broker, organisationId) : question.accountId;
  const standing = organisationId === undefined ? undefined : await findStanding(db, organisationId, accountId);
  const organisation = standing && organisationState(realm, organisationId ?? '', standing);
  const account = accountId === undefined ? undefined : await accountState(db, realm, accountId, question);
  const membership = account && standing?.membership && { ...standing.membership, roles: rolesThatCount(realm, standing) };
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
