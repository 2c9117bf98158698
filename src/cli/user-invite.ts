import { invite, newInvitation, type Invitation } from '../domain/invitation.ts';
import { realmOption, UsageError, type Args, type Command } from './command.ts';
import { withRealm } from './context.ts';
import { accountOf } from './find.ts';
import { passwordText } from './user-password.ts';

/** What is said of a first mail; `mailed` undefined: it waits until the agreements are signed. */
export function invitationText(invitation: Invitation, mailed: boolean | undefined, show: boolean): string {
  if (mailed === undefined) return 'their first mail is sent when the agreements of the organisation are recorded';
  if (invitation.first === 'one_time') return passwordText(invitation.oneTime, mailed, show);
  return invitation.first === 'link' ? 'a link to choose a password is mailed to them' : 'how to ask for a password is mailed to them';
}

/** @throws UsageError for a password to show where the realm makes none */
export function refuseShow(args: Args, { first }: Invitation): void {
  if (first !== 'one_time' && args.flag('show-password')) throw new UsageError('--show-password is for a one-time password: in this realm people choose their own');
}

export const inviteCommand: Command = {
  name: 'user invite',
  summary: 'mail the first mail of an account again, to somebody who has not chosen a password yet',
  options: {
    ...realmOption,
    user: { type: 'string', required: true, value: 'WHO', help: 'account id, e-mail address or name' },
    'show-password': { type: 'boolean', help: 'print the password, also when it is mailed' },
  },
  run: (args, io) => withRealm(args, io, async ({ realm, database, actor, now }) => {
    const { id } = await accountOf(database.db, args.need('user'));
    // slow, so before the transaction
    const invitation = await newInvitation(realm);
    refuseShow(args, invitation);
    const { mailed } = await database.transaction((tx) => invite(tx, realm, { accountId: id, invitation, actor, now }));
    const shown = invitation.first === 'one_time' && (args.flag('show-password') || !mailed) ? { password: invitation.oneTime.plain } : {};
    return { data: { id, first: invitation.first, mailed, ...shown }, text: invitationText(invitation, mailed, args.flag('show-password')) };
  }),
};
