import { displayName } from '../domain/names.ts';
import { assignRoles } from '../domain/roles.ts';
import { issueCode } from '../domain/verification.ts';
import { realmOption, time, UsageError, type Command } from './command.ts';
import { withRealm } from './context.ts';
import { memberOf, organisationOf, rolesOf } from './find.ts';

export const issueCommand: Command = {
  name: 'code issue',
  summary: 'issue the verification code of somebody who registered; an earlier one dies',
  options: {
    ...realmOption,
    organisation: { type: 'string', required: true, value: 'ID|TYPE:NUMBER', help: 'the organisation, e.g. kvk:12345678' },
    user: { type: 'string', required: true, value: 'WHO', help: 'name, e-mail address, account id or membership id' },
    tier: { type: 'string', required: true, value: 'user|administrator', help: 'what the code makes of them' },
    role: { type: 'string', multiple: true, value: 'APP:ROLE', help: 'replace their roles by these first' },
  },
  run: (args, io) => withRealm(args, io, async ({ database, realm, actor, now }) => {
    const tier = args.need('tier');
    if (tier !== 'user' && tier !== 'administrator') throw new UsageError('--tier is user or administrator');
    const roles = args.all('role');
    const organisation = await organisationOf(database.db, args.need('organisation'));
    const member = await memberOf(database.db, organisation, args.need('user'));
    const { code, expiresAt } = await database.transaction(async (tx) => {
      if (roles.length > 0) await assignRoles(tx, { realm, membershipId: member.id, roles: rolesOf(roles), actor, now });
      return issueCode(tx, { realm, membershipId: member.id, tier, actor, now });
    });
    const data = { code, expires_at: expiresAt, membership: member.id, account: member.account_id, tier };
    return { data, text: `${code}\nfor ${displayName(member)} as ${tier}, valid until ${time(expiresAt)}` };
  }),
};
