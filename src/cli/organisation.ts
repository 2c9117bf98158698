import { createOrganisation } from '../domain/organisations.ts';
import { listPeople } from '../domain/people.ts';
import { listAgreements, listEntitlements, listOrganisations, minimumLevelOf, type Organisation } from '../store/organisations.ts';
import { realmOption, table, time, type Command } from './command.ts';
import { withRealm } from './context.ts';
import { entitlementsOf, organisationOf, pairOf } from './find.ts';
import { entitleCommand, updateCommand } from './organisation-change.ts';

const create: Command = {
  name: 'organisation create',
  summary: 'register a customer of the operator',
  options: {
    ...realmOption,
    name: { type: 'string', required: true, help: 'its name' },
    identifier: { type: 'string', multiple: true, required: true, value: 'TYPE:NUMBER', help: 'kvk, rsin, oin, agb, kbo or relation_number' },
    entitlement: { type: 'string', multiple: true, value: 'APP:ROLE|all', help: 'what its administrators may hand out' },
  },
  run: (args, io) => withRealm(args, io, async ({ database, realm, actor, now }) => {
    const asked = args.all('entitlement');
    const id = await database.transaction((tx) => createOrganisation(tx, {
      realm, name: args.need('name'), actor, now,
      identifiers: Object.fromEntries(args.all('identifier').map((text) => pairOf('identifier', text))),
      entitlements: asked.includes('all') ? 'all' : entitlementsOf('entitlement', asked),
    }));
    return { data: await organisationOf(database.db, id), text: id };
  }),
};

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
    const agreements = await listAgreements(db, organisation.id);
    const entitlements = (await listEntitlements(db, organisation.id)).map(({ application, role }) => `${application}:${role}`);
    const minimumLevel = await minimumLevelOf(db, organisation.id);
    const people = await listPeople(db, organisation.id);
    const text = [
      `${organisation.name} (${organisation.id})`,
      `numbers: ${numbers(organisation)}`,
      `agreements: ${agreements.map((one) => `${one.agreement} signed ${time(one.signed_at).slice(0, 10)}`).join(', ') || 'none'}`,
      `entitlements: ${entitlements.join(', ') || 'none'}`,
      `minimum level: ${minimumLevel ?? 'none'}`,
      table(people.map((person) => [person.id, person.name, person.email, person.tier, person.status])),
    ];
    return { data: { ...organisation, agreements, entitlements, minimum_level: minimumLevel, people }, text: text.join('\n').trimEnd() };
  }),
};

function numbers({ identifiers }: Organisation): string {
  return Object.entries(identifiers).map(([type, value]) => `${type} ${value}`).join(', ');
}

export const organisationCommands: Command[] = [create, list, show, updateCommand, entitleCommand];
