import { displayName } from '../domain/names.ts';
import { assignRoles } from '../domain/roles.ts';
import { issueCode } from '../domain/verification.ts';
import { addressFor, sendActivation, sendingOptions } from './activation.ts';
import { realmOption, time, UsageError, type Args, type Command, type Result } from './command.ts';
import { withRealm, type Context } from './context.ts';
import { accountOf, memberOf, organisationOf, rolesOf } from './find.ts';

export const issueCommand: Command = {
  name: 'code issue',
  summary: 'issue the verification code of somebody who registered, or send the activation code of a local account; an earlier one dies',
  options: {
    ...realmOption,
    user: { type: 'string', required: true, value: 'WHO', help: 'name, e-mail address, account id or membership id' },
    organisation: { type: 'string', value: 'ID|TYPE:NUMBER', help: 'verification: the organisation, e.g. kvk:12345678' },
    tier: { type: 'string', value: 'user|administrator', help: 'verification: what the code makes of them' },
    role: { type: 'string', multiple: true, value: 'APP:ROLE', help: 'verification: replace their roles by these first' },
    activation: { type: 'boolean', help: 'send an activation code by mail' },
    letter: { type: 'boolean', help: 'with --activation: by letter' },
    ...sendingOptions,
  },
  run: (args, io) => {
    checkCombination(args);
    return withRealm(args, io, (context) => (args.flag('activation') ? activation(args, context) : verification(args, context)));
  },
};

/** @throws UsageError naming what does not go together */
function checkCombination(args: Args): void {
  const [own, others, what] = args.flag('activation')
    ? [['user'], ['organisation', 'tier', 'role'], 'is for a verification code, not with --activation']
    : [['user', 'organisation', 'tier'], ['letter', 'address', 'show'], 'is for an activation code: give --activation'];
  const wrong = others.find((name) => args.has(name));
  if (wrong !== undefined) throw new UsageError(`--${wrong} ${what}`);
  for (const name of own) args.need(name);
  addressFor(args.flag('letter') ? 'letter' : undefined, args);
}

async function activation(args: Args, context: Context): Promise<Result> {
  const { id } = await accountOf(context.database.db, args.need('user'));
  const { data, text } = await context.database.transaction((tx) => sendActivation(tx, context, args, { accountId: id, channel: args.flag('letter') ? 'letter' : 'mail' }));
  return { data: { account: id, ...data }, text };
}

async function verification(args: Args, { realm, database, actor, now }: Context): Promise<Result> {
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
}
