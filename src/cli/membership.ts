import { endMembership, resumeMembership } from '../domain/memberships.ts';
import { displayName } from '../domain/names.ts';
import { findOrganisation } from '../store/organisations.ts';
import type { Db } from '../store/schema.ts';
import { realmOption, type Command, type Option } from './command.ts';
import { withRealm } from './context.ts';
import { memberOf, organisationOf } from './find.ts';

export const whose: Record<string, Option> = {
  ...realmOption,
  user: { type: 'string', required: true, value: 'WHO', help: 'name, e-mail address, account id or membership id' },
  organisation: { type: 'string', required: true, value: 'ID|TYPE:NUMBER', help: 'the organisation, e.g. kvk:12345678' },
};

const end: Command = {
  name: 'membership end',
  summary: 'end somebody\'s place in an organisation: roles, waiting code and sessions go at once',
  options: whose,
  run: (args, io) => withRealm(args, io, async ({ database, actor, now }) => {
    const organisation = await organisationOf(database.db, args.need('organisation'));
    const member = await memberOf(database.db, organisation, args.need('user'));
    const { sessions, lastAdministrator } = await database.transaction((tx) => endMembership(tx, { membershipId: member.id, actor, now }));
    const text = [`${displayName(member)} no longer belongs to ${organisation.name}; ${sessionsText(sessions)}`];
    if (lastAdministrator) text.push(noAdministrator(organisation.name));
    const data = { membership: member.id, account: member.account_id, organisation: organisation.id, status: 'ended', sessions_ended: sessions, last_administrator: lastAdministrator };
    return { data, text: text.join('\n') };
  }),
};

const resume: Command = {
  name: 'membership resume',
  summary: 'admit somebody again whose membership ended: they need roles and a new verification code',
  options: whose,
  run: (args, io) => withRealm(args, io, async ({ database, actor, now }) => {
    const organisation = await organisationOf(database.db, args.need('organisation'));
    const member = await memberOf(database.db, organisation, args.need('user'));
    await database.transaction((tx) => resumeMembership(tx, { membershipId: member.id, actor, now }));
    return {
      data: { membership: member.id, account: member.account_id, organisation: organisation.id, status: 'pending' },
      text: `${displayName(member)} waits for roles and a verification code of ${organisation.name} (sluis code issue)`,
    };
  }),
};

export function sessionsText(count: number): string {
  return `${count} session${count === 1 ? '' : 's'} ended`;
}

/** What the service desk must do about an organisation that was left without an administrator. */
function noAdministrator(organisation: string): string {
  return `${organisation} has no administrator now: nobody there can give roles or codes. Appoint one: somebody who registers or waits for a code `
    + '(sluis membership resume for who was one before) gets sluis code issue --tier administrator from you.';
}

export async function withoutAdministratorText(db: Db, organisations: string[]): Promise<string[]> {
  return Promise.all(organisations.map(async (one) => noAdministrator((await findOrganisation(db, one))?.name ?? one)));
}

export const membershipCommands: Command[] = [end, resume];
