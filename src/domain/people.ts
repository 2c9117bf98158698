import { findAccount } from '../store/accounts.ts';
import { listIdentities } from '../store/identities.ts';
import { findMembership, listAdministrators, listMemberships, type MemberRow } from '../store/memberships.ts';
import type { Db, Tables } from '../store/schema.ts';
import { displayName } from './names.ts';

type MembershipStatus = Tables['memberships']['status'];

/** Somebody of an organisation, as its administrators see them. Times are epoch seconds. */
export type Person = {
  /** of the membership: an administrator deals with somebody's place in the organisation, not with the account */
  id: string;
  accountId: string;
  name: string;
  names: Record<'salutation' | 'initials' | 'given_name' | 'infix' | 'family_name', string | null>;
  email: string | null;
  phone: string | null;
  department: string | null;
  tier: 'user' | 'administrator';
  status: MembershipStatus;
  accountStatus: Tables['accounts']['status'];
  registeredAt: number;
  verifiedAt: number | null;
  lastLoginAt: number | null;
};

/** The people of an organisation by family name, deleted accounts left out; with `status` only those. */
export async function listPeople(db: Db, organisationId: string, filter: { status?: MembershipStatus } = {}): Promise<Person[]> {
  return (await members(db, organisationId)).filter((person) => filter.status === undefined || person.status === filter.status);
}

/** Somebody of this organisation; undefined when there is no such membership or it is another organisation's. */
export async function personOf(db: Db, organisationId: string, membershipId: string): Promise<Person | undefined> {
  const membership = await findMembership(db, membershipId);
  if (membership?.organisation_id !== organisationId) return undefined;
  const account = await findAccount(db, membership.account_id);
  return account && account.status !== 'deleted' ? personFrom({ ...account, ...membership, account_status: account.status }) : undefined;
}

/** Broker ids through which somebody of this organisation comes in. */
export async function brokersOf(db: Db, organisationId: string, accountId: string): Promise<string[]> {
  const identities = await listIdentities(db, accountId);
  return [...new Set(identities.filter((row) => row.organisation_id === organisationId).map((row) => row.broker_id))];
}

/** Names of those who can hand out a verification code (seed row IB-5). */
export async function administratorNames(db: Db, organisationId: string): Promise<string[]> {
  return (await listAdministrators(db, organisationId)).map(displayName);
}

async function members(db: Db, organisationId: string): Promise<Person[]> {
  return (await listMemberships(db, organisationId)).filter((row) => row.account_status !== 'deleted').map(personFrom);
}

function personFrom(row: MemberRow): Person {
  const { salutation, initials, given_name, infix, family_name } = row;
  return {
    id: row.id, accountId: row.account_id, name: displayName(row), names: { salutation, initials, given_name, infix, family_name },
    email: row.email, phone: row.phone, department: row.department, tier: row.tier, status: row.status, accountStatus: row.account_status,
    registeredAt: row.registered_at, verifiedAt: row.verified_at, lastLoginAt: row.last_login_at,
  };
}
