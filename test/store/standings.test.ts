import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { updateAccount } from '../../src/store/accounts.ts';
import type { Database } from '../../src/store/database.ts';
import { setRoles, updateMembership } from '../../src/store/memberships.ts';
import { putAgreement, putEntitlements } from '../../src/store/organisations.ts';
import { findStanding } from '../../src/store/standing.ts';
import { listStandings } from '../../src/store/standings.ts';
import { dialects, type TestDatabase } from '../support/databases.ts';
import { aMembership, anAccount, anOrganisation, NOON } from '../support/rows.ts';

describe.each(dialects)('CFX-2 how all organisations of somebody stand, on $name', ({ open }) => {
  let opened: TestDatabase;
  let db: Database['db'];
  const role = (application: string, name = 'gebruiker') => ({ application, role: name, assigned_by: 'x', assigned_at: NOON });
  beforeAll(async () => {
    opened = await open();
    db = opened.database.db;
    for (const id of ['anna', 'bert', 'carla']) await anAccount(db, id);
    for (const id of ['a', 'b', 'c', 'd']) await anOrganisation(db, id, id === 'd' ? {} : { kvk: `9999000${id === 'a' ? 1 : id === 'b' ? 2 : 3}`, rsin: `r${id}` });
    await aMembership(db, 'anna-a', 'anna', 'a', { status: 'active' });
    await aMembership(db, 'anna-b', 'anna', 'b', { status: 'active', tier: 'administrator' });
    await aMembership(db, 'anna-c', 'anna', 'c', { status: 'pending' });
    await aMembership(db, 'anna-d', 'anna', 'd', { status: 'active' });
    await aMembership(db, 'bert-a', 'bert', 'a', { status: 'active', tier: 'administrator' });
    await aMembership(db, 'carla-d', 'carla', 'd', { status: 'active', tier: 'administrator' });
    await putEntitlements(db, 'a', [{ application: 'iwmo', role: 'gebruiker' }, { application: 'ijw', role: 'gebruiker' }]);
    await putEntitlements(db, 'b', [{ application: 'iwmo', role: 'beheerder' }]);
    await setRoles(db, 'anna-a', [role('iwmo'), role('wlz')]);
    await setRoles(db, 'anna-b', [role('iwmo')]);
    await setRoles(db, 'bert-a', [role('ijw')]);
    await putAgreement(db, { organisation_id: 'a', agreement: 'vecozo', signed_at: NOON, recorded_by: 'desk', recorded_at: NOON });
  });
  afterAll(() => opened.drop());

  test('active memberships only, each with its own roles: what one organisation gave is never another\'s', async () => {
    const all = await listStandings(db, 'anna');
    expect([...all.keys()].toSorted()).toEqual(['a', 'b', 'd']);
    expect(all.get('a')).toEqual({
      organisation: { name: 'Gemeente a', minimumLevel: null, identifiers: { kvk: '99990001', rsin: 'ra' } }, agreements: new Set(['vecozo']), hasAdministrator: true,
      membership: { id: 'anna-a', tier: 'user', status: 'active' }, roles: [{ application: 'iwmo', role: 'gebruiker' }], entitlements: [{ application: 'iwmo', role: 'gebruiker' }],
    });
    expect(all.get('b')).toMatchObject({ membership: { id: 'anna-b', tier: 'administrator' }, roles: [], agreements: new Set(), hasAdministrator: true });
    expect(all.get('d')).toMatchObject({ organisation: { identifiers: {} }, membership: { id: 'anna-d' }, hasAdministrator: true });
  });

  test('as one by one', async () => {
    for (const [id, { roles, entitlements: _, ...standing }] of await listStandings(db, 'anna')) {
      const alone = await findStanding(db, id, 'anna');
      expect(alone).toMatchObject(standing);
      expect(alone?.roles.filter((one) => alone.entitlements.some((other) => other.application === one.application && other.role === one.role))).toEqual(roles);
    }
  });

  test('an administrator who is locked counts no more, an ended membership is gone; who has none has none', async () => {
    await updateAccount(db, 'bert', { status: 'locked' });
    expect((await listStandings(db, 'anna')).get('a')?.hasAdministrator).toBe(false);
    await updateMembership(db, 'anna-a', { status: 'ended' });
    expect([...(await listStandings(db, 'anna')).keys()].toSorted()).toEqual(['b', 'd']);
    expect((await listStandings(db, 'nobody')).size).toBe(0);
  });
});
