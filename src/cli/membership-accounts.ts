import { changeAccounts } from '../domain/application-accounts.ts';
import { displayName } from '../domain/names.ts';
import { listApplicationAccounts, type ApplicationAccount } from '../store/application-accounts.ts';
import { UsageError, type Command } from './command.ts';
import { withRealm } from './context.ts';
import { memberOf, organisationOf } from './find.ts';
import { sessionsText, whose } from './membership.ts';

export const accountsCommand: Command = {
  name: 'membership accounts',
  summary: 'the numbers under which somebody works in an application, and changing them; tokens say all of them, and who loses one is out at once',
  options: {
    ...whose,
    add: { type: 'string', multiple: true, value: 'APP:TYPE:NUMBER', help: 'also this, e.g. porta:agb:01001234' },
    remove: { type: 'string', multiple: true, value: 'APP:TYPE:NUMBER', help: 'no longer this' },
  },
  run: (args, io) => withRealm(args, io, async ({ database, realm, actor, now }) => {
    const change = { add: accountsOf('add', args.all('add')), remove: accountsOf('remove', args.all('remove')) };
    const changes = change.add.length + change.remove.length > 0;
    const organisation = await organisationOf(database.db, args.need('organisation'));
    const member = await memberOf(database.db, organisation, args.need('user'));
    const { accounts, sessions } = changes
      ? await database.transaction((tx) => changeAccounts(tx, { realm, membershipId: member.id, ...change, actor, now }))
      : { accounts: await listApplicationAccounts(database.db, member.id), sessions: 0 };
    const all = accounts.map(({ application, type, value }) => `${application}:${type}:${value}`);
    return {
      data: { membership: member.id, account: member.account_id, organisation: organisation.id, accounts: all, sessions_ended: sessions },
      text: `${displayName(member)} works at ${organisation.name} under ${all.join(', ') || 'no number'}${changes ? `; ${sessionsText(sessions)}` : ''}`,
    };
  }),
};

function accountsOf(option: string, texts: string[]): ApplicationAccount[] {
  return texts.map((text) => {
    const [, application, type, value] = /^([a-z0-9-]+):([a-z_]+):(.+)$/.exec(text) ?? [];
    if (!application || !type || !value) throw new UsageError(`--${option} ${text}: expected application:type:number`);
    return { application, type, value };
  });
}
