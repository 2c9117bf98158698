import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { administratorOf, desk, emptyDatabase, exampleProof, exampleRealm, noon, organisationWith, registered } from '../../test/support/house.ts';
import { updateAccount } from '../store/accounts.ts';
import { listAudit } from '../store/audit.ts';
import type { Database } from '../store/database.ts';
import { findOrganisation, listAgreements, listEntitlements, listOrganisations } from '../store/organisations.ts';
import { changeMinimumLevel, createOrganisation, recordAgreement, type NewOrganisation } from './organisations.ts';
import { administratorNames, brokersOf, listPeople, personOf } from './people.ts';

const realm = exampleRealm();
let database: Database;
beforeEach(async () => { database = await emptyDatabase(); });
afterEach(() => database.close());

function create(changes: Partial<NewOrganisation> = {}): Promise<string> {
  return database.transaction((tx) => createOrganisation(tx, { realm, name: 'Gemeente', identifiers: { kvk: '10000001' }, actor: desk, now: noon, ...changes }));
}

describe('the lowest level of an organisation', () => {
  const change = (organisationId: string, level: string | undefined) => database.transaction((tx) => changeMinimumLevel(tx, { realm, organisationId, level, actor: desk, now: noon }));

  test('is set from the beginning or later, taken away, and recorded each time', async () => {
    const id = await create({ minimumLevel: 'low' });
    expect(await findOrganisation(database.db, id)).toMatchObject({ minimumLevel: 'low' });
    await change(id, 'substantial');
    expect((await listOrganisations(database.db))[0]).toMatchObject({ id, minimumLevel: 'substantial' });
    await change(id, undefined);
    expect(await findOrganisation(database.db, id)).not.toHaveProperty('minimumLevel');
    expect((await listAudit(database.db, { event: 'organisation.level_changed' })).map((row) => row.detail)).toEqual([{ from: 'substantial', to: null }, { from: 'low', to: 'substantial' }]);
  });

  test('is one of the realm, of an organisation that there is', async () => {
    const id = await create();
    await expect(change(id, 'high')).rejects.toMatchObject({ code: 'organisation.level', params: { level: 'high' } });
    await expect(change('nobody', 'low')).rejects.toMatchObject({ code: 'organisation.unknown' });
    expect(await findOrganisation(database.db, id)).not.toHaveProperty('minimumLevel');
  });
});

describe('createOrganisation', () => {
  test('keeps normalised numbers, the entitlements asked, and a record', async () => {
    const id = await create({ name: '  Gemeente Lissendam ', identifiers: { kvk: '1000 0001', rsin: '492099595' }, entitlements: 'all' });
    expect(await findOrganisation(database.db, id)).toEqual({ id, name: 'Gemeente Lissendam', identifiers: { kvk: '10000001', rsin: '492099595' } });
    expect(await listEntitlements(database.db, id)).toHaveLength(6);
    expect(await listAudit(database.db, { event: 'organisation.created' })).toMatchObject([{ organisation_id: id, actor: desk }]);
  });

  test.each<[string, Partial<NewOrganisation>, string]>([
    ['a number in use', { identifiers: { kvk: '20000002' } }, 'organisation.exists'],
    ['a wrong number', { identifiers: { rsin: '123456789' } }, 'identifier.rsin'],
    ['an unknown kind of number', { identifiers: { vat: '1' } }, 'identifier.unknown'],
    ['no number', { identifiers: {} }, 'organisation.identifier'],
    ['no name', { name: '  ' }, 'organisation.name'],
    ['a name with controls', { name: 'Ge\u202emeente' }, 'organisation.name'],
    ['a level nobody knows', { minimumLevel: 'high' }, 'organisation.level'],
    ['a role nobody knows', { entitlements: [{ application: 'iwmo', role: 'baas' }] }, 'roles.unknown'],
  ])('%s is refused and leaves nothing', async (_what, changes, code) => {
    await organisationWith(database, realm, '20000002');
    await expect(create(changes)).rejects.toMatchObject({ code });
    expect(await listOrganisations(database.db)).toHaveLength(1);
  });
});

describe('IB-8 recordAgreement', () => {
  test('records what was signed when, and again with another date', async () => {
    const organisationId = await create();
    const record = (signedAt: number, agreement = 'vecozo', id = organisationId) => database.transaction((tx) =>
      recordAgreement(tx, { realm, organisationId: id, agreement, signedAt, actor: desk, now: noon }));
    await record(noon - 86_400);
    await record(noon);
    expect(await listAgreements(database.db, organisationId)).toMatchObject([{ agreement: 'vecozo', signed_at: noon, recorded_by: 'desk' }]);
    expect(await listAudit(database.db, { event: 'agreement.recorded' })).toHaveLength(2);
    await expect(record(noon + 1)).rejects.toMatchObject({ code: 'agreement.date' });
    await expect(record(noon, 'other')).rejects.toMatchObject({ code: 'agreement.unknown' });
    await expect(record(noon, 'vecozo', 'nowhere')).rejects.toMatchObject({ code: 'organisation.unknown' });
  });
});

describe('people of an organisation', () => {
  test('are its own alone, without deleted accounts, by status', async () => {
    const mine = await organisationWith(database, realm, '10000001');
    const theirs = await organisationWith(database, realm, '10000002');
    const administrator = await administratorOf(database, realm, mine);
    const newcomer = await registered(database, realm, mine, { broker: exampleProof('10000001') });
    const stranger = await registered(database, realm, theirs, { broker: exampleProof('10000002') });
    const gone = await registered(database, realm, mine, { broker: exampleProof('10000001') });
    await updateAccount(database.db, gone.accountId, { status: 'deleted' });
    expect((await listPeople(database.db, mine)).map((person) => person.id).toSorted()).toEqual([administrator.membershipId, newcomer.membershipId].toSorted());
    expect(await listPeople(database.db, mine, { status: 'pending' })).toMatchObject([{ id: newcomer.membershipId, name: 'Carla Nieuwenhof', status: 'pending' }]);
    expect(await personOf(database.db, mine, newcomer.membershipId)).toMatchObject({ accountId: newcomer.accountId, email: 'carla@gemeente.example' });
    for (const id of [stranger.membershipId, gone.membershipId, newcomer.accountId, '']) expect(await personOf(database.db, mine, id)).toBeUndefined();
    expect(await administratorNames(database.db, mine)).toEqual(['Anneke Waterman']);
    expect(await brokersOf(database.db, mine, newcomer.accountId)).toEqual(['reecent']);
    expect(await brokersOf(database.db, theirs, newcomer.accountId)).toEqual([]);
  });
});
