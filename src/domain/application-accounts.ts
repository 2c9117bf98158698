import type { Realm } from '../config/schema.ts';
import { listApplicationAccounts, setApplicationAccounts, type ApplicationAccount } from '../store/application-accounts.ts';
import { appendAudit, type Actor } from '../store/audit.ts';
import { findMembership } from '../store/memberships.ts';
import { lockOrganisation } from '../store/organisations.ts';
import type { Db } from '../store/schema.ts';
import { DomainError } from './errors.ts';
import { checkIdentifier } from './identifiers.ts';
import { endSessionsOf } from './sessions.ts';

export type AccountsChange = { realm: Realm; membershipId: string; add: ApplicationAccount[]; remove: ApplicationAccount[]; actor: Actor; now: number };

/** Application id -> the numbers under which its user may work there. */
export type AccountsClaim = Record<string, { type: string; value: string }[]>;

/**
 * Gives somebody numbers to work under in an application, or takes them away (row CAK-13). Which one is used, the person
 * chooses in the application. Taking one away ends the sessions in which they act for the organisation; giving ends nothing.
 * @returns all that they have now, and how many sessions ended
 * @throws DomainError accounts.unknown, accounts.absent, identifier.<type>, membership.ended
 */
export async function changeAccounts(tx: Db, { realm, membershipId, add, remove, actor, now }: AccountsChange): Promise<{ accounts: ApplicationAccount[]; sessions: number }> {
  const found = await findMembership(tx, membershipId);
  if (!found) throw new DomainError('membership.ended');
  await lockOrganisation(tx, found.organisation_id);
  if ((await findMembership(tx, membershipId))?.status === 'ended') throw new DomainError('membership.ended');
  const before = await listApplicationAccounts(tx, membershipId);
  const [more, less] = [add.map((one) => checked(realm, one)), remove.map((one) => checked(realm, one))];
  for (const one of less) if (!before.some(same(one))) throw new DomainError('accounts.absent', one);
  const kept = before.filter((one) => !less.some(same(one)));
  const after = more.reduce((list, one) => (list.some(same(one)) ? list : [...list, one]), kept);
  await setApplicationAccounts(tx, membershipId, after);
  const { account_id: accountId, organisation_id: organisationId } = found;
  await appendAudit(tx, {
    event: 'membership.accounts', action: 'U', outcome: 'success', actor, organisationId, objectType: 'membership', objectId: membershipId,
    detail: { account: accountId, before: before.map(said), after: after.map(said) }, now,
  });
  const sessions = less.length === 0 ? 0 : await endSessionsOf(tx, { accountId, organisationId }, { reason: 'revoked', actor, now });
  return { accounts: await listApplicationAccounts(tx, membershipId), sessions };
}

/** @throws DomainError when the application takes no such numbers, or this is none */
function checked(realm: Realm, { application, type, value }: ApplicationAccount): ApplicationAccount {
  if (!realm.applications.find(({ id }) => id === application)?.accounts.some((one) => one === type)) throw new DomainError('accounts.unknown', { application, type });
  return { application, type, value: checkIdentifier(type, value) };
}

function same(one: ApplicationAccount): (other: ApplicationAccount) => boolean {
  return (other) => said(other) === said(one);
}

function said({ application, type, value }: ApplicationAccount): string {
  return `${application}:${type}:${value}`;
}

/** Realms in which no application has accounts ask nothing of the database. */
const takers = new WeakMap<Realm, ReadonlySet<string>>();

function takesAccounts(realm: Realm): ReadonlySet<string> {
  const known = takers.get(realm) ?? new Set(realm.applications.flatMap(({ id, accounts }) => (accounts.length > 0 ? [id] : [])));
  takers.set(realm, known);
  return known;
}

/** What a token says of them: only of these applications. Undefined when there are none. */
export async function accountsClaim(db: Db, realm: Realm, membershipId: string, applications: string[]): Promise<AccountsClaim | undefined> {
  const asked = applications.filter((id) => takesAccounts(realm).has(id));
  if (asked.length === 0) return undefined;
  const claim: AccountsClaim = {};
  for (const { application, type, value } of await listApplicationAccounts(db, membershipId)) {
    if (asked.includes(application)) (claim[application] ??= []).push({ type, value });
  }
  return Object.keys(claim).length > 0 ? claim : undefined;
}
