import { deleteAccount } from '../domain/accounts.ts';
import { realmOption, type Command } from './command.ts';
import { withRealm } from './context.ts';
import { accountOf } from './find.ts';
import { sessionsText, withoutAdministratorText } from './membership.ts';

export const deleteCommand: Command = {
  name: 'user delete',
  summary: 'end somebody\'s account for good: sessions, places in organisations and roles go at once, personal data later',
  options: {
    ...realmOption,
    user: { type: 'string', required: true, value: 'WHO', help: 'account id, e-mail address or name' },
    reason: { type: 'string', required: true, help: 'why, for the service desk; it goes with the personal data' },
  },
  run: (args, io) => withRealm(args, io, async ({ database, actor, now }) => {
    const { id } = await accountOf(database.db, args.need('user'));
    const { sessions, memberships, withoutAdministrator } = await database.transaction((tx) => deleteAccount(tx, { accountId: id, reason: args.need('reason'), actor, now }));
    const text = [`${id} is deleted; ${sessionsText(sessions)}`, ...await withoutAdministratorText(database.db, withoutAdministrator)];
    return { data: { id, status: 'deleted', sessions_ended: sessions, memberships_ended: memberships, without_administrator: withoutAdministrator }, text: text.join('\n') };
  }),
};
