import { changeDetails } from '../domain/organisation-details.ts';
import { changeMinimumLevel, createOrganisation } from '../domain/organisations.ts';
import { listPeople } from '../domain/people.ts';
import { findContact, listAgreements, listEntitlements, listOrganisations, type Organisation } from '../store/organisations.ts';
import { realmOption, table, time, UsageError, type Args, type Command } from './command.ts';
import { withRealm } from './context.ts';
import { entitlementsOf, organisationOf, pairOf } from './find.ts';
import { sessionsText } from './membership.ts';
import { contactChanged, contactGiven, contactOptions, contactText, optionOf, removeOption } from './organisation-contact.ts';
import { entitleCommand } from './organisation-entitle.ts';

const create: Command = {
  name: 'organisation create',
  summary: 'register a customer of the operator',
  options: {
    ...realmOption,
    name: { type: 'string', required: true, help: 'its name' },
    identifier: { type: 'string', multiple: true, required: true, value: 'TYPE:NUMBER', help: 'kvk, rsin, oin, agb, kbo or relation_number' },
    entitlement: { type: 'string', multiple: true, value: 'APP:ROLE|all', help: 'what its administrators may hand out' },
    'minimum-level': { type: 'string', value: 'ID', help: 'the lowest level with which its people log in, at any portal' },
    ...contactOptions,
  },
  run: (args, io) => withRealm(args, io, async ({ database, realm, actor, now }) => {
    const asked = args.all('entitlement');
    const id = await database.transaction((tx) => createOrganisation(tx, {
      realm, name: args.need('name'), contact: contactGiven(args), actor, now, ...(args.has('minimum-level') && { minimumLevel: args.need('minimum-level') }),
      identifiers: Object.fromEntries(args.all('identifier').map((text) => pairOf('identifier', text))),
      entitlements: asked.includes('all') ? 'all' : entitlementsOf('entitlement', asked),
    }));
    return { data: await organisationOf(database.db, id), text: id };
  }),
};

const update: Command = {
  name: 'organisation update',
  summary: 'change an organisation: its name, how it is reached, what it asks of its people (at once: sessions below that level end)',
  options: {
    ...realmOption,
    organisation: { type: 'string', required: true, value: 'ID|TYPE:NUMBER', help: 'the organisation' },
    name: { type: 'string', help: 'its name' },
    'minimum-level': { type: 'string', value: 'ID|none', help: 'the lowest level with which its people log in, at any portal' },
    ...contactOptions,
    ...removeOption,
  },
  run: (args, io) => withRealm(args, io, async ({ database, realm, actor, now }) => {
    const contact = contactChanged(args);
    if (!args.has('name') && !args.has('minimum-level') && Object.keys(contact).length === 0) throw new UsageError('say what to change: --name, --minimum-level, --address, --postal-address, --phone, --email or --remove');
    const { id } = await organisationOf(database.db, args.need('organisation'));
    const { changed, sessions } = await database.transaction(async (tx) => ({
      changed: await changeDetails(tx, { organisationId: id, contact, actor, now, ...(args.has('name') && { name: args.need('name') }) }),
      sessions: args.has('minimum-level') ? await changeMinimumLevel(tx, { realm, organisationId: id, level: levelOf(args), actor, now }) : undefined,
    }));
    const text = [...changed.length > 0 ? [`changed ${changed.map(optionOf).join(', ')}`] : [], ...sessions === undefined ? [] : [`minimum level ${args.need('minimum-level')}; ${sessionsText(sessions)}`]];
    return { data: { ...await organisationOf(database.db, id), contact: await findContact(database.db, id), sessions_ended: sessions ?? 0 }, text: `${id}: ${text.join('; ') || 'nothing changed'}` };
  }),
};

function levelOf(args: Args): string | undefined {
  const level = args.need('minimum-level');
  return level === 'none' ? undefined : level;
}

const list: Command = {
  name: 'organisation list',
  summary: 'all organisations of a realm',
  options: realmOption,
  run: (args, io) => withRealm(args, io, async ({ database }) => {
    const organisations = await listOrganisations(database.db);
    return { data: organisations, text: table([['id', 'name', 'numbers'], ...organisations.map((one) => [one.id, one.name, numbers(one)])]) };
  }),
};

const show: Command = {
  name: 'organisation show',
  summary: 'one organisation with its agreements, entitlements and people',
  options: { ...realmOption, organisation: { type: 'string', required: true, value: 'ID|TYPE:NUMBER', help: 'the organisation' } },
  run: (args, io) => withRealm(args, io, async ({ database: { db } }) => {
    const organisation = await organisationOf(db, args.need('organisation'));
    const contact = await findContact(db, organisation.id);
    const agreements = await listAgreements(db, organisation.id);
    const entitlements = (await listEntitlements(db, organisation.id)).map(({ application, role }) => `${application}:${role}`);
    const people = await listPeople(db, organisation.id);
    const text = [
      `${organisation.name} (${organisation.id})`,
      `numbers: ${numbers(organisation)}`,
      ...contactText(contact),
      `agreements: ${agreements.map((one) => `${one.agreement} signed ${time(one.signed_at).slice(0, 10)}`).join(', ') || 'none'}`,
      `minimum level: ${organisation.minimumLevel ?? 'none'}`,
      `entitlements: ${entitlements.join(', ') || 'none'}`,
      table(people.map((person) => [person.id, person.name, person.email, person.tier, person.status])),
    ];
    return { data: { ...organisation, contact, agreements, entitlements, people }, text: text.join('\n').trimEnd() };
  }),
};

function numbers({ identifiers }: Organisation): string {
  return Object.entries(identifiers).map(([type, value]) => `${type} ${value}`).join(', ');
}

export const organisationCommands: Command[] = [create, update, entitleCommand, list, show];
