import { lockAccount, unlockAccount } from '../domain/accounts.ts';
import { wipeFactors } from '../domain/factors/enrol.ts';
import { liftWait } from '../domain/guesses.ts';
import { displayName } from '../domain/names.ts';
import { listAccounts } from '../store/accounts.ts';
import { listMembershipsOf, listRoles } from '../store/memberships.ts';
import { findOrganisation } from '../store/organisations.ts';
import { realmOption, table, time, type Command, type Option } from './command.ts';
import { withRealm } from './context.ts';
import { accountOf } from './find.ts';
import { sessionsText, withoutAdministratorText } from './membership.ts';
import { checkCallerCommand } from './user-check.ts';
import { createCommand } from './user-create.ts';
import { deleteCommand } from './user-delete.ts';
import { inviteCommand } from './user-invite.ts';
import { resetPasswordCommand } from './user-password.ts';
import { standingOf } from './user-standing.ts';

const who: Record<string, Option> = { ...realmOption, user: { type: 'string', required: true, value: 'WHO', help: 'account id, e-mail address or name' } };

const list: Command = {
  name: 'user list',
  summary: 'people of a realm, by family name',
  options: { ...realmOption, text: { type: 'string', help: 'look for this in names and e-mail addresses' } },
  run: (args, io) => withRealm(args, io, async ({ database: { db } }) => {
    const text = args.get('text');
    const accounts = await listAccounts(db, { limit: 10_000, ...(text !== undefined && { text }) });
    const rows = accounts.map((one) => [one.id, displayName(one), one.email, one.purged_at === null ? one.status : 'deleted, purged', time(one.last_login_at)]);
    return { data: accounts, text: table([['account', 'name', 'e-mail', 'status', 'last login'], ...rows]) };
  }),
};

const show: Command = {
  name: 'user show',
  summary: 'one person with their organisations and roles, and why they can or cannot log in',
  options: who,
  run: (args, io) => withRealm(args, io, async ({ realm, database, now }) => {
    const { db } = database;
    const account = await accountOf(db, args.need('user'));
    const memberships = [];
    for (const membership of await listMembershipsOf(db, account.id)) {
      const roles = (await listRoles(db, membership.id)).map(({ application, role }) => `${application}:${role}`);
      memberships.push({ ...membership, organisation: (await findOrganisation(db, membership.organisation_id))?.name, roles });
    }
    const standing = await standingOf({ realm, database, now }, account);
    const text = [
      `${displayName(account) || 'nobody any more'} (${account.id}): ${account.status}`,
      `e-mail ${account.email ?? 'none'}, telephone ${account.phone ?? 'none'}, last login ${time(account.last_login_at) || 'never'}`,
      ...standing.lines,
      ...memberships.map((one) => `${one.organisation}: ${one.tier}, ${one.status}, ${one.roles.join(' ') || 'no roles'} (membership ${one.id})`),
    ];
    return { data: { ...account, memberships, standing: standing.data }, text: text.join('\n') };
  }),
};

const lock: Command = {
  name: 'user lock',
  summary: 'shut somebody out: every session and token of theirs ends at once, and no login succeeds',
  options: who,
  run: (args, io) => withRealm(args, io, async ({ database, actor, now }) => {
    const { id } = await accountOf(database.db, args.need('user'));
    const { sessions, withoutAdministrator } = await database.transaction((tx) => lockAccount(tx, { accountId: id, actor, now }));
    const text = [`${id} can no longer log in; ${sessionsText(sessions)}`, ...await withoutAdministratorText(database.db, withoutAdministrator)];
    return { data: { id, status: 'locked', sessions_ended: sessions, without_administrator: withoutAdministrator }, text: text.join('\n') };
  }),
};

const unlock: Command = {
  name: 'user unlock',
  summary: 'let somebody log in again whose account is locked or dormant, or who must wait after too many tries',
  options: who,
  run: (args, io) => withRealm(args, io, async ({ realm, database, actor, now }) => {
    const { id } = await accountOf(database.db, args.need('user'));
    await database.transaction(async (tx) => {
      const lifted = await liftWait(tx, { accountId: id, actor, now });
      // who only had to wait is not locked
      if (!lifted || (await accountOf(tx, id)).status !== 'active') await unlockAccount(tx, realm, { accountId: id, actor, now });
    });
    return { data: { id, status: 'active' }, text: `${id} can log in again` };
  }),
};

const resetFactors: Command = {
  name: 'user reset-factors',
  summary: 'take away every second factor and recovery code of somebody who lost them: their sessions end, and the next login sets up anew',
  options: who,
  run: (args, io) => withRealm(args, io, async ({ realm, database, actor, now }) => {
    const { id } = await accountOf(database.db, args.need('user'));
    const { factors, sessions } = await database.transaction((tx) => wipeFactors(tx, { realm, accountId: id, actor, now }));
    return { data: { id, factors, sessions_ended: sessions }, text: `${id} no longer has ${factors.join(' and ')}; ${sessionsText(sessions)}` };
  }),
};

export const userCommands: Command[] = [createCommand, list, show, lock, unlock, resetFactors, resetPasswordCommand, inviteCommand, deleteCommand, checkCallerCommand];
