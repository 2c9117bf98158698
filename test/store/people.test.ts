import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { findAccount, findLogin, findPassword, insertLogin, listAccounts, putPassword, updateAccount } from '../../src/store/accounts.ts';
import { isConflict, type Database } from '../../src/store/database.ts';
import { findIdentity, insertIdentity, listIdentities, touchIdentity } from '../../src/store/identities.ts';
import { findMembershipOf, hasAdministrator, listAdministrators, listMemberships, listMembershipsOf, listRoles, setRoles, updateMembership } from '../../src/store/memberships.ts';
import { findContact, findOrganisation, findOrganisationByIdentifier, insertOrganisation, listAgreements, listEntitlements, listOrganisations, putAgreement, putEntitlements, updateOrganisation } from '../../src/store/organisations.ts';
import { dialects, type TestDatabase } from '../support/databases.ts';
import { aMembership, anAccount, anOrganisation, NOON } from '../support/rows.ts';

const failure = (work: Promise<unknown>) => work.then(() => undefined, (error: unknown) => error);

describe.each(dialects)('people and organisations on $name', ({ open }) => {
  let opened: TestDatabase;
  let db: Database['db'];
  beforeAll(async () => {
    opened = await open();
    db = opened.database.db;
    await anAccount(db, 'obrien', { given_name: 'Seán', family_name: "O'Brien-van 't Hoff", email: 'sean@example.nl' });
    await anAccount(db, 'nguyen', { given_name: 'Ánh', family_name: 'Nguyễn', email: 'anh@example.nl' });
    await anOrganisation(db, 'wijk', { kvk: '12345678', oin: '00000001003214345000' }, 'Gemeente Wijk aan Zee');
  });
  afterAll(() => opened.drop());

  test('names come back whole', async () => {
    expect(await findAccount(db, 'obrien')).toMatchObject({ family_name: "O'Brien-van 't Hoff", newsletter: 0, last_login_at: null, created_at: NOON });
    expect((await findAccount(db, 'nguyen'))?.family_name).toBe('Nguyễn');
    expect(await updateAccount(db, 'nguyen', { department: 'Zorg; -- "x"\n\\' })).toBe(true);
    expect((await findAccount(db, 'nguyen'))?.department).toBe('Zorg; -- "x"\n\\');
    expect(await updateAccount(db, 'nobody', { phone: '1' })).toBe(false);
  });

  test.each([["o'brien", 'obrien'], ['NGUYỄN', 'nguyen'], ['ánh', 'nguyen'], ['SEAN@', 'obrien'], ['Nguyễn'.normalize('NFD'), 'nguyen']])('looking for %s finds them, whatever the case', async (text, id) => {
    expect((await listAccounts(db, { text })).map((row) => row.id)).toEqual([id]);
  });

  test('a percent sign is looked for as itself', async () => {
    expect(await listAccounts(db, { text: '%' })).toEqual([]);
    expect(await listAccounts(db, { limit: 1 })).toHaveLength(1);
  });

  test('a username is the same in any case, within one scope (CAK-1)', async () => {
    await insertLogin(db, { scope: '1001', username: 'J.Jansen-Ř', account_id: 'obrien' });
    expect(await findLogin(db, '1001', 'j.jansen-ř')).toMatchObject({ account_id: 'obrien' });
    expect(await findLogin(db, '1001', 'J.JANSEN-Ř')).toMatchObject({ account_id: 'obrien' });
    expect(await findLogin(db, '1002', 'j.jansen-ř')).toBeUndefined();
    await insertLogin(db, { scope: '1002', username: 'j.jansen-ř', account_id: 'nguyen' });
    expect(isConflict(await failure(insertLogin(db, { scope: '1001', username: 'J.JANSEN-Ř', account_id: 'nguyen' })))).toBe(true);
  });

  test('a new password replaces the old one, and is no one-time password unless said', async () => {
    await putPassword(db, { account_id: 'obrien', hash: 'one', changed_at: 1, one_time: 1 });
    expect(await findPassword(db, 'obrien')).toEqual({ account_id: 'obrien', hash: 'one', changed_at: 1, one_time: 1 });
    await putPassword(db, { account_id: 'obrien', hash: 'two', changed_at: 2 });
    expect(await findPassword(db, 'obrien')).toEqual({ account_id: 'obrien', hash: 'two', changed_at: 2, one_time: 0 });
  });

  test('an organisation is found by each of its numbers, and a number is one organisation\'s', async () => {
    const whole = { id: 'wijk', name: 'Gemeente Wijk aan Zee', identifiers: { kvk: '12345678', oin: '00000001003214345000' } };
    expect(await findOrganisation(db, 'wijk')).toEqual(whole);
    expect(await findOrganisationByIdentifier(db, 'oin', '00000001003214345000')).toEqual(whole);
    expect(await findOrganisationByIdentifier(db, 'oin', '12345678')).toBeUndefined();
    const again = opened.database.transaction((tx) => insertOrganisation(tx, { id: 'x', name: 'X', identifiers: { kvk: '12345678' }, now: NOON }));
    expect(isConflict(await failure(again))).toBe(true);
    expect(await listOrganisations(db)).toEqual([whole]);
  });

  test('B10 how an organisation is reached: nothing at first, what is not changed stays', async () => {
    await anOrganisation(db, 'post', { kvk: '12345680' }, 'Post');
    expect(await findContact(db, 'post')).toEqual({ address: null, postal_address: null, phone: null, email: null });
    await updateOrganisation(db, 'post', { address: 'Plein 1\n1234 AB ’s-Gravenland', phone: '+31851000401' });
    await updateOrganisation(db, 'post', { name: 'Postkamer', phone: null });
    expect([await findContact(db, 'post'), (await findOrganisation(db, 'post'))?.name]).toEqual([{ address: 'Plein 1\n1234 AB ’s-Gravenland', postal_address: null, phone: null, email: null }, 'Postkamer']);
    expect(await findContact(db, 'nowhere')).toBeUndefined();
  });

  test('an agreement recorded again keeps the last date (IB-8)', async () => {
    const row = { organisation_id: 'wijk', agreement: 'aansluiting', signed_at: NOON, recorded_by: 'desk', recorded_at: NOON };
    await putAgreement(db, row);
    await putAgreement(db, { ...row, signed_at: NOON + 1 });
    expect(await listAgreements(db, 'wijk')).toEqual([{ ...row, signed_at: NOON + 1 }]);
  });

  test('entitlements are replaced as a whole', async () => {
    await putEntitlements(db, 'wijk', [{ application: 'iwmo', role: 'user' }, { application: 'iwmo', role: 'api' }]);
    await putEntitlements(db, 'wijk', [{ application: 'iwmo', role: 'user' }, { application: 'ijw', role: 'user' }]);
    expect(await listEntitlements(db, 'wijk')).toEqual([{ application: 'ijw', role: 'user' }, { application: 'iwmo', role: 'user' }]);
    await putEntitlements(db, 'wijk', []);
    expect(await listEntitlements(db, 'wijk')).toEqual([]);
  });

  test('who a broker shows is known per organisation', async () => {
    const row = { broker_id: 'b', acting_subject: 's', organisation_id: 'wijk', account_id: 'nguyen', created_at: NOON, last_seen_at: NOON };
    await insertIdentity(db, row);
    await touchIdentity(db, 'b', 's', 'wijk', NOON + 5);
    expect(await findIdentity(db, 'b', 's', 'wijk')).toEqual({ ...row, last_seen_at: NOON + 5 });
    expect(await findIdentity(db, 'b', 's', 'other')).toBeUndefined();
    expect(await listIdentities(db, 'nguyen')).toHaveLength(1);
    expect(isConflict(await failure(insertIdentity(db, { ...row, account_id: 'obrien' })))).toBe(true);
  });

  test('a pending, ended or locked administrator is none (IB-5)', async () => {
    await aMembership(db, 'm1', 'obrien', 'wijk', { tier: 'administrator' });
    await aMembership(db, 'm2', 'nguyen', 'wijk', { status: 'active' });
    expect(await hasAdministrator(db, 'wijk')).toBe(false);
    expect(await updateMembership(db, 'm1', { status: 'active', verified_at: NOON })).toBe(true);
    expect(await hasAdministrator(db, 'wijk')).toBe(true);
    expect(await listAdministrators(db, 'wijk')).toMatchObject([{ id: 'm1', account_id: 'obrien', email: 'sean@example.nl', account_status: 'active', status: 'active' }]);
    await updateAccount(db, 'obrien', { status: 'locked' });
    expect(await hasAdministrator(db, 'wijk')).toBe(false);
    expect((await listMemberships(db, 'wijk')).map((row) => row.family_name)).toEqual(['Nguyễn', "O'Brien-van 't Hoff"]);
    expect(isConflict(await failure(aMembership(db, 'm3', 'obrien', 'wijk')))).toBe(true);
    await updateMembership(db, 'm1', { status: 'ended' });
    expect(await listMembershipsOf(db, 'obrien')).toEqual([]);
    expect(await findMembershipOf(db, 'obrien', 'wijk')).toMatchObject({ id: 'm1', status: 'ended' });
  });

  test('roles are replaced as a whole (IB-6)', async () => {
    const by = { assigned_by: 'obrien', assigned_at: NOON };
    await setRoles(db, 'm2', [{ application: 'iwmo', role: 'user', ...by }]);
    await setRoles(db, 'm2', [{ application: 'iwmo', role: 'api', ...by }]);
    expect(await listRoles(db, 'm2')).toEqual([{ application: 'iwmo', role: 'api', ...by }]);
    await setRoles(db, 'm2', []);
    expect(await listRoles(db, 'm2')).toEqual([]);
  });
});
