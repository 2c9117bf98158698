import { lockAccount, unlockAccount } from '../domain/accounts.ts';
import { displayName } from '../domain/names.ts';
import { findAccount, listAccounts, type AccountRow } from '../store/accounts.ts';
import { listMembershipsOf, listRoles } from '../store/memberships.ts';
import { findOrganisation } from '../store/organisations.ts';
import type { Db } from '../store/schema.ts';
import { realmOption, Refusal, table, time, type Command, type Option } from './command.ts';
import { withRealm } from './context.ts';
import { noAdministrator, sessionsText } from './membership.ts';
import { createCommand } from './user-create.ts';

const who: Record<string, Option> = { ...realmOption, user: { type: 'string', required: true, value: 'WHO', help: 'account id, e-mail address or name' } };

const list: Command = {
  name: 'user list',
  summary: 'people of a realm, by family name',
  options: { ...realmOption, text: { type: 'string', help: 'look for this in names and e-mail addresses' } },
  run: (args, io) => withRealm(args, io, async ({ database: { db } }) => {
    const text = args.get('text');
    const accounts = await listAccounts(db, { limit: 10_000, ...(text !== undefined && { text }) });
    const rows = accounts.map((one) => [one.id, displayName(one), one.email, one.status, time(one.last_login_at)]);
    return { data: accounts, text: table([['account', 'name', 'e-mail', 'status', 'last login'], ...rows]) };
  }),
};

const show: Command = {
  name: 'user show',
  summary: 'one person with their organisations and roles',
  options: who,
  run: (args, io) => withRealm(args, io, async ({ database: { db } }) => {
    const account = await accountOf(db, args.need('user'));
    const memberships = [];
    for (const membership of await listMembershipsOf(db, account.id)) {
      const roles = (await listRoles(db, membership.id)).map(({ application, role }) => `${application}:${role}`);
      memberships.push({ ...membership, organisation: (await findOrganisation(db, membership.organisation_id))?.name, roles });
    }
    const text = [
      `${displayName(account)} (${account.id}): ${account.status}`,
      `e-mail ${account.email ?? 'none'}, telephone ${account.phone ?? 'none'}, last login ${time(account.last_login_at) || 'never'}`,
      ...memberships.map((one) => `${one.organisation}: ${one.tier}, ${one.status}, ${one.roles.join(' ') || 'no roles'} (membership ${one.id})`),
    ];
    return { data: { ...account, memberships }, text: text.join('\n') };
  }),
};

const lock: Command = {
  name: 'user lock',
  summary: 'shut somebody out: every session and token of theirs ends at once, and no login succeeds',
  options: who,
  run: (args, io) => withRealm(args, io, async ({ database, actor, now }) => {
    const { id } = await accountOf(database.db, args.need('user'));
    const { sessions, withoutAdministrator } = await database.transaction((tx) => lockAccount(tx, { accountId: id, actor, now }));
    const names = await Promise.all(withoutAdministrator.map(async (one) => (await findOrganisation(database.db, one))?.name ?? one));
    const text = [`${id} can no longer log in; ${sessionsText(sessions)}`, ...names.map(noAdministrator)];
    return { data: { id, status: 'locked', sessions_ended: sessions, without_administrator: withoutAdministrator }, text: text.join('\n') };
  }),
};

const unlock: Command = {
  name: 'user unlock',
  summary: 'let somebody whose account was locked log in again',
  options: who,
  run: (args, io) => withRealm(args, io, async ({ database, actor, now }) => {
    const { id } = await accountOf(database.db, args.need('user'));
    await database.transaction((tx) => unlockAccount(tx, { accountId: id, actor, now }));
    return { data: { id, status: 'active' }, text: `${id} can log in again` };
  }),
};

/** By account id, e-mail address or name. @throws Refusal when none or several fit */
export async function accountOf(db: Db, text: string): Promise<AccountRow> {
  const byId = await findAccount(db, text);
  if (byId) return byId;
  const wanted = text.normalize('NFC').trim().toLowerCase();
  const fits = (account: AccountRow): boolean => account.email?.toLowerCase() === wanted || displayName(account).toLowerCase() === wanted;
  // the last word is in one of the columns that are searched, whatever stands before it
  const accounts = (await listAccounts(db, { text: wanted.split(' ').at(-1) ?? wanted, limit: 10_000 })).filter(fits);
  if (accounts.length > 1) throw new Refusal('user.ambiguous', `${text} is more than one person: give an account id (${accounts.map((one) => one.id).join(', ')})`);
  if (!accounts[0]) throw new Refusal('user.unknown', `there is nobody called ${text}`);
  return accounts[0];
}

export const userCommands: Command[] = [createCommand, list, show, lock, unlock];
