import { randomUUID } from 'node:crypto';
import type { Realm } from '../config/schema.ts';
import type { ActivationChannel } from '../domain/activation.ts';
import { invite, newInvitation, waitsForAgreements, type Invitation } from '../domain/invitation.ts';
import { freeLogin } from '../domain/lifecycle/login-name.ts';
import { assignRoles } from '../domain/roles.ts';
import { insertAccount, insertLogin } from '../store/accounts.ts';
import { appendAudit } from '../store/audit.ts';
import { insertMembership } from '../store/memberships.ts';
import type { Organisation } from '../store/organisations.ts';
import type { Db } from '../store/schema.ts';
import { addressFor, sendActivation, sendingOptions } from './activation.ts';
import { realmOption, Refusal, UsageError, type Args, type Command } from './command.ts';
import { withRealm, type Context } from './context.ts';
import { organisationOf, rolesOf } from './find.ts';
import { invitationText, refuseShow } from './user-invite.ts';

export const createCommand: Command = {
  name: 'user create',
  summary: 'make a local account, and mail its login names with a one-time password or the way to choose one',
  options: {
    ...realmOption,
    organisation: { type: 'string', required: true, value: 'ID|TYPE:NUMBER', help: 'the organisation' },
    username: { type: 'string', required: true, value: 'NAME', help: 'what they type to log in' },
    'family-name': { type: 'string', required: true, value: 'NAME', help: 'family name' },
    infix: { type: 'string', help: 'what stands before it: de, van der' },
    'given-name': { type: 'string', value: 'NAME', help: 'given name' },
    initials: { type: 'string', help: 'initials' },
    email: { type: 'string', required: true, value: 'ADDRESS', help: 'e-mail address' },
    phone: { type: 'string', value: 'NUMBER', help: 'telephone number' },
    language: { type: 'string', value: 'nl|en', help: 'language of messages' },
    tier: { type: 'string', value: 'user|administrator', help: 'user when not given' },
    role: { type: 'string', multiple: true, value: 'APP:ROLE', help: 'a role' },
    activation: { type: 'string', value: 'mail|letter', help: 'also ask an activation code, which is sent now in a message of its own' },
    ...sendingOptions,
    'show-password': { type: 'boolean', help: 'print the password, also when it is mailed' },
  },
  run: (args, io) => withRealm(args, io, async (context) => {
    const { realm, database } = context;
    if (!hasPasswords(realm)) throw new Refusal('user.registers', `people of realm ${realm.id} register themselves when they first log in through a broker`);
    const organisation = await organisationOf(database.db, args.need('organisation'));
    const scope = scopeOf(realm, organisation);
    // slow, so before the transaction
    const invitation = await newInvitation(realm);
    refuseShow(args, invitation);
    const channel = channelOf(args);
    const { mailed, activation, ...created } = await database.transaction(async (tx) => {
      const made = await create(tx, context, args, { organisation, scope, invitation });
      return { ...made, activation: channel && await sendActivation(tx, context, args, { accountId: made.account, channel }) };
    });
    return {
      data: {
        ...created, username: args.need('username'),
        ...(invitation.first === 'one_time' ? { password: invitation.oneTime.plain } : { first: invitation.first, waits: mailed === undefined }), ...(activation && { activation: activation.data }),
      },
      text: [`account ${created.account}`, invitationText(invitation, mailed, args.flag('show-password')), ...activation ? [activation.text] : []].join('\n'),
    };
  }),
};

type Making = { organisation: Organisation; scope: string; invitation: Invitation };

/** `mailed` undefined: the first mail waits. */
async function create(tx: Db, { realm, actor, now }: Context, args: Args, { organisation, scope, invitation }: Making): Promise<{ account: string; membership: string; mailed: boolean | undefined }> {
  const [account, membership, username] = [randomUUID(), randomUUID(), args.need('username')];
  if (!await freeLogin(tx, realm, scope, username)) throw new Refusal('user.exists', `the name ${username} is taken`);
  await insertAccount(tx, { id: account, status: 'active', ...columns(args, realm), created_at: now, updated_at: now, last_login_at: null });
  await insertLogin(tx, { scope, username, account_id: account });
  await insertMembership(tx, { id: membership, account_id: account, organisation_id: organisation.id, tier: tierOf(args), status: 'active', registered_at: now, verified_at: now });
  await appendAudit(tx, { event: 'account.created', action: 'C', outcome: 'success', actor, organisationId: organisation.id, objectType: 'account', objectId: account, now });
  const roles = args.all('role');
  if (roles.length > 0) await assignRoles(tx, { realm, membershipId: membership, roles: rolesOf(roles), actor, now });
  if (await waitsForAgreements(tx, realm, { organisationId: organisation.id, tier: tierOf(args) })) return { account, membership, mailed: undefined };
  return { account, membership, ...await invite(tx, realm, { accountId: account, invitation, actor, now }) };
}

function columns(args: Args, realm: Realm) {
  const language = args.get('language') ?? null;
  if (language !== null && !realm.languages.some((one) => one === language)) throw new UsageError(`--language is one of ${realm.languages.join(', ')}`);
  const text = (name: string): string | null => args.get(name)?.normalize('NFC').trim() || null;
  return {
    salutation: null, initials: text('initials'), given_name: text('given-name'), infix: text('infix'), family_name: text('family-name'),
    department: null, phone: text('phone'), email: text('email'), language,
  };
}

/** @throws UsageError also for what belongs to another channel */
function channelOf(args: Args): ActivationChannel | undefined {
  const channel = args.get('activation');
  if (channel !== undefined && channel !== 'mail' && channel !== 'letter') throw new UsageError('--activation is mail or letter');
  if (channel === undefined && args.flag('show')) throw new UsageError('--show is for an activation code: give --activation');
  addressFor(channel, args);
  return channel;
}

function tierOf(args: Args): 'user' | 'administrator' {
  const tier = args.get('tier') ?? 'user';
  if (tier !== 'user' && tier !== 'administrator') throw new UsageError('--tier is user or administrator');
  return tier;
}

function hasPasswords(realm: Realm): boolean {
  return Object.values(realm.flows).some((flow) => flow.bindings.some(({ step }) => step === 'password'));
}

function scopeOf(realm: Realm, organisation: Organisation): string {
  if (!realm.login.identifiers.includes('relation_number')) return '';
  const number = organisation.identifiers['relation_number'];
  if (number === undefined) throw new Refusal('organisation.relation_number', `${organisation.name} has no relation number, which people of this realm log in with`);
  return number;
}
