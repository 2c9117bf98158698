import { randomUUID } from 'node:crypto';
import { usualPerson } from '../../src/config/person.ts';
import { realmSchema, themeSchema, type Realm } from '../../src/config/schema.ts';
import { createOrganisation, recordAgreement } from '../../src/domain/organisations.ts';
import { parseProfile, type Profile } from '../../src/domain/profile.ts';
import { registerPerson, type Registered, type Registration } from '../../src/domain/registration.ts';
import { createVault } from '../../src/domain/vault.ts';
import type { BrokerProof } from '../../src/flow/facts.ts';
import type { Actor } from '../../src/store/audit.ts';
import { migrate, openDatabase, type Database } from '../../src/store/database.ts';
import { updateMembership } from '../../src/store/memberships.ts';

/** A moment for tests that need no clock: 2026-11-22 12:00 UTC, in epoch seconds. */
export const noon = 1_795_348_800;
/** Seals for every test with the same key. */
export const vault = createVault(Buffer.alloc(32, 7));
export const desk: Actor = { kind: 'desk', id: 'desk' };

/** A realm like the Inlichtingenbureau's: three products with an exclusive pair of roles, two agreements. */
export function exampleRealm(changes: Partial<Realm> = {}): Realm {
  const pair = [{ id: 'gebruiker', name: 'Gebruiker' }, { id: 'productbeheerder', name: 'Productbeheerder' }];
  const realm = realmSchema.parse({
    name: 'Voorbeeld',
    desk: { name: 'Servicedesk', phone: '030 000 00 00', hours: '8-17', email: 'desk@voorbeeld.example' },
    levels: [{ id: 'low', label: '2', acr: 'urn:low' }, { id: 'substantial', label: '3', acr: 'urn:substantial' }],
    applications: [
      { id: 'iwmo', name: 'iWmo', roles: pair, exclusive: true },
      { id: 'ijw', name: 'iJw', roles: pair, exclusive: true },
      { id: 'wlz', name: 'Wlz-Registertoets', roles: pair },
    ],
    agreements: [{ id: 'aansluitovereenkomst', name: 'Aansluitings- en bewerkersovereenkomst' }, { id: 'vecozo', name: 'Bewerkersovereenkomst VECOZO' }],
    flows: {},
  });
  const grey = '#444444';
  return {
    ...realm, id: 'voorbeeld', issuer: 'http://localhost:3000/voorbeeld', folder: '/nowhere', portals: [], brokers: [],
    theme: themeSchema.parse({ brand: [grey, grey, grey, grey, grey, grey, grey, grey] }), texts: {}, ...changes,
  };
}

/** An empty database in memory, of the newest shape. */
export async function emptyDatabase(): Promise<Database> {
  const database = openDatabase({ file: ':memory:' });
  await migrate(database);
  return database;
}

export function exampleProfile(changes: Record<string, unknown> = {}): Profile {
  const parsed = parseProfile(usualPerson, { salutation: 'mevrouw', initials: 'C.', given_name: 'Carla', family_name: 'Nieuwenhof', phone: '030 123 45 67', email: 'carla@gemeente.example', ...changes }, noon);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.profile;
}

export function exampleProof(kvk: string, actingSubject: string = randomUUID()): BrokerProof {
  return { id: 'reecent', actingSubject, organisation: { kvk }, person: {} };
}

/** Organisations are told apart by KvK number: 8 digits. */
export async function organisationWith(database: Database, realm: Realm, kvk: string, { agreements = ['aansluitovereenkomst', 'vecozo'], entitlements = 'all' as 'all' | { application: string; role: string }[] } = {}): Promise<string> {
  return database.transaction(async (tx) => {
    const id = await createOrganisation(tx, { realm, name: `Gemeente ${kvk}`, identifiers: { kvk }, entitlements, actor: desk, now: noon });
    for (const agreement of agreements) await recordAgreement(tx, { realm, organisationId: id, agreement, signedAt: noon, actor: desk, now: noon });
    return id;
  });
}

export type Someone = Registered & { broker: BrokerProof };

/** Somebody who filled in the first login's page. */
export async function registered(database: Database, realm: Realm, organisationId: string, changes: Partial<Registration> = {}): Promise<Someone> {
  const broker = changes.broker ?? exampleProof('00000000');
  const ids = await database.transaction((tx) => registerPerson(tx, { realm, organisationId, broker, profile: exampleProfile(), language: 'nl', now: noon, ...changes }));
  return { ...ids, broker };
}

export async function administratorOf(database: Database, realm: Realm, organisationId: string, email = 'beheer@gemeente.example'): Promise<Someone> {
  const someone = await registered(database, realm, organisationId, { profile: exampleProfile({ given_name: 'Anneke', family_name: 'Waterman', email }) });
  await updateMembership(database.db, someone.membershipId, { status: 'active', tier: 'administrator', verified_at: noon });
  return someone;
}
