import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { emptyDatabase, exampleRealm, noon, organisationWith, registered } from '../../test/support/house.ts';
import { listAudit, type Actor } from '../store/audit.ts';
import type { Database } from '../store/database.ts';
import { listRoles, updateMembership } from '../store/memberships.ts';
import { assignRoles, type Roles } from './roles.ts';

const realm = exampleRealm();
const actor: Actor = { kind: 'person', id: 'administrator' };
let database: Database;
let membershipId: string;
beforeEach(async () => {
  database = await emptyDatabase();
  const organisationId = await organisationWith(database, realm, '10000001', { entitlements: [
    { application: 'iwmo', role: 'gebruiker' }, { application: 'iwmo', role: 'productbeheerder' },
    { application: 'wlz', role: 'gebruiker' }, { application: 'wlz', role: 'productbeheerder' }, { application: 'ijw', role: 'gebruiker' },
  ] });
  membershipId = (await registered(database, realm, organisationId)).membershipId;
});
afterEach(() => database.close());

function assign(roles: Roles, by = actor, now = noon): Promise<void> {
  return database.transaction((tx) => assignRoles(tx, { realm, membershipId, roles, actor: by, now }));
}

describe('IB-6, IB-7 roles per product', () => {
  test('are replaced as a whole and recorded with what was before', async () => {
    await assign({ iwmo: ['gebruiker'], wlz: ['gebruiker', 'productbeheerder', 'gebruiker'] });
    await assign({ iwmo: ['gebruiker'], ijw: [] }, { kind: 'person', id: 'second' }, noon + 9);
    expect(await listRoles(database.db, membershipId)).toEqual([{ application: 'iwmo', role: 'gebruiker', assigned_by: 'administrator', assigned_at: noon }]);
    const [last] = await listAudit(database.db, { event: 'roles.assigned' });
    expect(last?.detail).toEqual({ before: ['iwmo/gebruiker', 'wlz/gebruiker', 'wlz/productbeheerder'], after: ['iwmo/gebruiker'] });
  });

  test.each<[string, Roles, string]>([
    ['an unknown product', { other: ['gebruiker'] }, 'roles.unknown'],
    ['a product that is part of every object', { constructor: ['gebruiker'] }, 'roles.unknown'],
    ['an unknown role', { iwmo: ['baas'] }, 'roles.unknown'],
    ['a role beyond the entitlement', { ijw: ['productbeheerder'] }, 'roles.not_entitled'],
    ['both of an exclusive pair', { iwmo: ['gebruiker', 'productbeheerder'] }, 'roles.exclusive'],
  ])('%s is refused and changes nothing', async (_what, roles, code) => {
    await assign({ wlz: ['gebruiker'] });
    await expect(assign({ wlz: [], ...roles })).rejects.toMatchObject({ code });
    expect(await listRoles(database.db, membershipId)).toMatchObject([{ application: 'wlz', role: 'gebruiker' }]);
  });

  test('an ended membership gets none', async () => {
    await updateMembership(database.db, membershipId, { status: 'ended' });
    await expect(assign({ iwmo: ['gebruiker'] })).rejects.toMatchObject({ code: 'membership.ended' });
  });
});
