import { displayName } from '../domain/names.ts';
import { checkIdentifier } from '../domain/identifiers.ts';
import { findAccount, listAccounts, type AccountRow } from '../store/accounts.ts';
import { listMemberships, type MemberRow } from '../store/memberships.ts';
import { findOrganisation, findOrganisationByIdentifier, type Entitlement, type Organisation } from '../store/organisations.ts';
import type { Db } from '../store/schema.ts';
import { Refusal, UsageError } from './command.ts';

/** Splits `type:value` or `type=value`. @throws UsageError naming the option */
export function pairOf(option: string, text: string): [string, string] {
  const [, key, value] = /^([a-z0-9_-]+)[:=](.+)$/.exec(text) ?? [];
  if (key === undefined || value === undefined) throw new UsageError(`--${option} ${text}: expected ${option === 'identifier' ? 'type:value' : 'application:role'}`);
  return [key, value];
}

/** `--role a:b --role a:c` as application -> roles. */
export function rolesOf(texts: string[]): Record<string, string[]> {
  const roles: Record<string, string[]> = {};
  for (const text of texts) {
    const [application, role] = pairOf('role', text);
    (roles[application] ??= []).push(role);
  }
  return roles;
}

/** Values of an option as what an organisation may hand out. */
export function entitlementsOf(option: string, texts: string[]): Entitlement[] {
  return texts.map((text) => {
    const [application, role] = pairOf(option, text);
    return { application, role };
  });
}

/** By id or by a registered number (`kvk:12345678`). @throws Refusal when there is none, DomainError for a malformed number */
export async function organisationOf(db: Db, text: string): Promise<Organisation> {
  const [, type, value] = /^([a-z_]+)[:=](.+)$/.exec(text) ?? [];
  const found = type !== undefined && value !== undefined
    ? await findOrganisationByIdentifier(db, type, checkIdentifier(type, value))
    : await findOrganisation(db, text);
  if (!found) throw new Refusal('organisation.unknown', `there is no organisation ${text}`);
  return found;
}

/** One member of an organisation, by membership id, account id, e-mail address or name. @throws Refusal when none or several fit */
export async function memberOf(db: Db, organisation: Organisation, text: string): Promise<MemberRow> {
  const wanted = text.normalize('NFC').trim().toLowerCase();
  const fits = (member: MemberRow): boolean => [member.id, member.account_id, member.email ?? '', displayName(member)].some((one) => one.toLowerCase() === wanted);
  const members = (await listMemberships(db, organisation.id)).filter(fits);
  if (members.length > 1) {
    throw new Refusal('user.ambiguous', `${text} is more than one person: give a membership id (${members.map((member) => member.id).join(', ')})`);
  }
  if (!members[0]) throw new Refusal('user.unknown', `${organisation.name} has nobody called ${text}`);
  return members[0];
}

/** By account id, e-mail address or name. @throws Refusal when none or several fit */
export async function accountOf(db: Db, text: string): Promise<AccountRow> {
  const byId = await findAccount(db, text);
  if (byId) return byId;
  const wanted = text.normalize('NFC').trim().toLowerCase();
  const fits = (account: AccountRow): boolean => account.email?.toLowerCase() === wanted || displayName(account).toLowerCase() === wanted;
  // the last word is in one of the columns that are searched, whatever stands before it
  const accounts = (await listAccounts(db, { text: wanted.split(' ').at(-1) ?? wanted, limit: 10_000 })).filter(fits);
  // who was deleted may have got a new account
  const present = accounts.filter(({ status }) => status !== 'deleted');
  const [found, ...others] = present.length > 0 ? present : accounts;
  if (others.length > 0) throw new Refusal('user.ambiguous', `${text} is more than one person: give an account id (${accounts.map((one) => one.id).join(', ')})`);
  if (!found) throw new Refusal('user.unknown', `there is nobody called ${text}`);
  return found;
}
