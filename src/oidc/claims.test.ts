import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { emptyDatabase, exampleRealm, noon } from '../../test/support/house.ts';
import { aMembership, anAccount, anOrganisation } from '../../test/support/rows.ts';
import { updateAccount } from '../store/accounts.ts';
import type { Database } from '../store/database.ts';
import { insertGrant } from '../store/grants.ts';
import { setRoles, updateMembership } from '../store/memberships.ts';
import { putEntitlements } from '../store/organisations.ts';
import { claimsOf } from './claims.ts';

const realm = exampleRealm({ agreements: [] });
let database: Database;
beforeEach(async () => {
  database = await emptyDatabase();
  const { db } = database;
  await anAccount(db, 'anna', { given_name: 'Anna', family_name: 'Bakker', email: 'anna@x.example' });
  for (const [id, kvk] of [['one', '10000001'], ['two', '10000002']] as const) {
    await anOrganisation(db, id, { kvk });
    await putEntitlements(db, id, [{ application: 'iwmo', role: 'gebruiker' }, { application: 'ijw', role: 'gebruiker' }]);
    await aMembership(db, `m-${id}`, 'anna', id, { status: 'active' });
    await insertGrant(db, { id: `g-${id}`, session_id: 's', account_id: 'anna', client_id: 'c', organisation_id: id, acr: 'urn:low', created_at: noon });
  }
  await setRoles(db, 'm-one', [role('iwmo'), role('ijw')]);
});
afterEach(() => database.close());

const role = (application: string) => ({ application, role: 'gebruiker', assigned_by: 'x', assigned_at: noon });
const claims = (grant: string | undefined, applications = ['iwmo', 'ijw']) => claimsOf(database.db, realm, { accountId: 'anna', grantId: grant }, applications, noon);

describe('ALL-1 claims', () => {
  test('are of the grant\'s organisation only', async () => {
    expect(await claims('g-one')).toMatchObject({ sub: 'anna', name: 'Anna Bakker', organisation: { id: 'one', identifiers: { kvk: '10000001' } }, roles: ['iwmo:gebruiker', 'ijw:gebruiker'], entitlements: ['iwmo', 'ijw'] });
    expect(await claims('g-two')).toMatchObject({ organisation: { id: 'two' }, roles: [], entitlements: [] });
  });

  test('have only the roles of the client\'s portal', async () => {
    expect(await claims('g-one', ['ijw'])).toMatchObject({ roles: ['ijw:gebruiker'], entitlements: ['ijw'] });
    expect(await claims('g-one', [])).toMatchObject({ roles: [], entitlements: [] });
  });

  test('have only roles that count today: membership active, organisation entitled', async () => {
    await putEntitlements(database.db, 'one', [{ application: 'iwmo', role: 'gebruiker' }]);
    expect(await claims('g-one')).toMatchObject({ roles: ['iwmo:gebruiker'] });
    await updateMembership(database.db, 'm-one', { status: 'ended' });
    expect(await claims('g-one')).toMatchObject({ roles: [] });
  });

  test('say who is represented in the words of NL GOV', async () => {
    expect((await claims('g-one'))?.['represents']).toEqual({ sub: '10000001', sub_id_type: 'urn:nl-eid-gdi:1.0:id:KvKnr', iss: realm.issuer });
  });

  test('leave out what is not known; without a grant there is no organisation', async () => {
    const found = await claims(undefined);
    for (const name of ['organisation', 'represents', 'phone_number', 'initials']) expect(found).not.toHaveProperty(name);
    expect(found).toMatchObject({ sub: 'anna', roles: [] });
  });

  test.each(['locked', 'deleted'] as const)('there are none for an account that is %s, or not there', async (status) => {
    await updateAccount(database.db, 'anna', { status });
    expect(await claims('g-one')).toBeUndefined();
    expect(await claimsOf(database.db, realm, { accountId: 'nobody', grantId: undefined }, [], noon)).toBeUndefined();
  });
});
