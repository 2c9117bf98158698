import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { insertAccount } from '../../src/store/accounts.ts';
import { insertMembership, setRoles } from '../../src/store/memberships.ts';
import { insertOrganisation, putAgreement, putEntitlements } from '../../src/store/organisations.ts';
import type { Database } from '../../src/store/database.ts';
import { findStanding } from '../../src/store/standing.ts';
import { dialects, type TestDatabase } from '../support/databases.ts';

const NOON = 1_795_348_800;

describe.each(dialects)('how somebody stands in an organisation on $name', ({ open }) => {
  let opened: TestDatabase;
  let database: Database;
  beforeEach(async () => {
    opened = await open();
    ({ database } = opened);
    await database.transaction(async (tx) => {
      for (const id of ['mine', 'other']) await insertOrganisation(tx, { id, name: `Gemeente ${id}`, identifiers: id === 'mine' ? { rsin: '2', kvk: '1' } : { kvk: '9' }, now: NOON, ...(id === 'other' && { minimumLevel: 'high' }) });
      await putAgreement(tx, { organisation_id: 'mine', agreement: 'vecozo', signed_at: NOON, recorded_by: 'desk', recorded_at: NOON });
      await putEntitlements(tx, 'mine', [{ application: 'iwmo', role: 'gebruiker' }, { application: 'ijw', role: 'gebruiker' }]);
      for (const id of ['anna', 'bert']) await insertAccount(tx, { id, status: 'active', salutation: null, initials: null, given_name: id, infix: null, family_name: 'x', department: null, phone: null, email: null, language: null, created_at: NOON, updated_at: NOON, last_login_at: null });
      await insertMembership(tx, { id: 'm-anna', account_id: 'anna', organisation_id: 'mine', tier: 'user', status: 'active', registered_at: NOON, verified_at: NOON });
      await insertMembership(tx, { id: 'm-bert', account_id: 'bert', organisation_id: 'mine', tier: 'administrator', status: 'active', registered_at: NOON, verified_at: NOON });
      await setRoles(tx, 'm-anna', [{ application: 'iwmo', role: 'gebruiker', assigned_by: 'desk', assigned_at: NOON }, { application: 'ijw', role: 'gone', assigned_by: 'desk', assigned_at: NOON }]);
    });
  });
  afterEach(() => opened.drop());

  test('everything that decides who may enter, of one organisation and one person', async () => {
    expect(await findStanding(database.db, 'mine', 'anna')).toEqual({
      organisation: { name: 'Gemeente mine', minimumLevel: null, identifiers: { kvk: '1', rsin: '2' } },
      agreements: new Set(['vecozo']), hasAdministrator: true,
      entitlements: [{ application: 'ijw', role: 'gebruiker' }, { application: 'iwmo', role: 'gebruiker' }],
      membership: { id: 'm-anna', tier: 'user', status: 'active' },
      roles: [{ application: 'ijw', role: 'gone' }, { application: 'iwmo', role: 'gebruiker' }],
    });
    expect((await findStanding(database.db, 'mine', 'bert'))?.roles).toEqual([]);
  });

  test('an organisation alone, one of which nobody is a member, and none', async () => {
    expect(await findStanding(database.db, 'mine', undefined)).toMatchObject({ membership: undefined, roles: [], hasAdministrator: true });
    expect(await findStanding(database.db, 'other', 'anna')).toEqual({
      organisation: { name: 'Gemeente other', minimumLevel: 'high', identifiers: { kvk: '9' } },
      agreements: new Set(), hasAdministrator: false, entitlements: [], membership: undefined, roles: [],
    });
    expect(await findStanding(database.db, 'nowhere', 'anna')).toBeUndefined();
  });

  test.each([
    ['a locked account', { account: 'locked' }], ['a membership that ended', { status: 'ended' }], ['a user', { tier: 'user' }],
  ] as const)('%s is no administrator', async (_, change) => {
    if ('account' in change) await database.db.updateTable('accounts').set({ status: change.account }).where('id', '=', 'bert').execute();
    else await database.db.updateTable('memberships').set(change).where('id', '=', 'm-bert').execute();
    expect((await findStanding(database.db, 'mine', 'anna'))?.hasAdministrator).toBe(false);
  });
});
