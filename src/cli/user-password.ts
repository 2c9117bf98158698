import { newOneTimePassword, setOneTimePassword, type OneTimePassword } from '../domain/passwords/one-time.ts';
import { realmOption, type Command } from './command.ts';
import { withRealm } from './context.ts';
import { accountOf } from './find.ts';
import { sessionsText } from './membership.ts';

/** What is said of a one-time password: the password itself only when it reaches nobody by mail, or when asked. */
export function passwordText({ plain }: OneTimePassword, mailed: boolean, show: boolean): string {
  const told = mailed ? ['the one-time password is mailed to them'] : ['there is no e-mail address: tell them the one-time password yourself'];
  return [...told, ...(show || !mailed ? [`password ${plain} (shown once)`] : [])].join('\n');
}

export const resetPasswordCommand: Command = {
  name: 'user reset-password',
  summary: 'mail somebody a new one-time password: the old one no longer works, their sessions end, and wrong passwords are forgiven',
  options: {
    ...realmOption,
    user: { type: 'string', required: true, value: 'WHO', help: 'account id, e-mail address or name' },
    'show-password': { type: 'boolean', help: 'print the password, also when it is mailed' },
  },
  run: (args, io) => withRealm(args, io, async ({ realm, database, actor, now }) => {
    const { id } = await accountOf(database.db, args.need('user'));
    // slow, so before the transaction
    const oneTime = await newOneTimePassword(realm);
    const { mailed, sessions } = await database.transaction((tx) => setOneTimePassword(tx, realm, { accountId: id, oneTime, actor, now }));
    const shown = args.flag('show-password') || !mailed;
    return { data: { id, mailed, sessions_ended: sessions, ...(shown && { password: oneTime.plain }) }, text: `${passwordText(oneTime, mailed, shown)}; ${sessionsText(sessions)}` };
  }),
};
