import { setEntitlements, type EntitlementChange } from '../domain/entitlements.ts';
import { realmOption, UsageError, type Args, type Command } from './command.ts';
import { withRealm } from './context.ts';
import { entitlementsOf, organisationOf } from './find.ts';
import { sessionsText } from './membership.ts';

export const entitleCommand: Command = {
  name: 'organisation entitle',
  summary: 'change what an organisation\'s administrators may hand out; who loses a role is out at once',
  options: {
    ...realmOption,
    organisation: { type: 'string', required: true, value: 'ID|TYPE:NUMBER', help: 'the organisation' },
    add: { type: 'string', multiple: true, value: 'APP:ROLE', help: 'also this' },
    remove: { type: 'string', multiple: true, value: 'APP:ROLE', help: 'no longer this' },
    set: { type: 'string', multiple: true, value: 'APP:ROLE|all|none', help: 'exactly this, whatever it was' },
  },
  run: (args, io) => withRealm(args, io, async ({ database, realm, actor, now }) => {
    const wanted = wantedOf(args);
    const organisation = await organisationOf(database.db, args.need('organisation'));
    const { after, sessions } = await database.transaction((tx) => setEntitlements(tx, { realm, organisationId: organisation.id, wanted, actor, now }));
    const entitlements = after.map(({ application, role }) => `${application}:${role}`);
    return {
      data: { organisation: organisation.id, entitlements, sessions_ended: sessions },
      text: `${organisation.name} may hand out ${entitlements.join(', ') || 'nothing'}; ${sessionsText(sessions)}`,
    };
  }),
};

/** @throws UsageError when it is neither one change nor the whole */
function wantedOf(args: Args): EntitlementChange['wanted'] {
  const [add, remove, set] = [args.all('add'), args.all('remove'), args.all('set')];
  const changes = add.length + remove.length > 0;
  if (changes === set.length > 0) throw new UsageError('give --add and --remove, or --set');
  if (changes) return { add: entitlementsOf('add', add), remove: entitlementsOf('remove', remove) };
  if (set.includes('all')) return { set: 'all' };
  return { set: set.includes('none') ? [] : entitlementsOf('set', set) };
}
