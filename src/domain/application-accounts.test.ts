import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { desk, emptyDatabase, exampleRealm, noon, organisationWith, registered, type Someone } from '../../test/support/house.ts';
import { listAudit } from '../store/audit.ts';
import type { Database } from '../store/database.ts';
import { putSession } from '../store/sessions.ts';
import { accountsClaim, changeAccounts } from './application-accounts.ts';
import { endMembership, resumeMembership } from './memberships.ts';

const example = exampleRealm();
const realm = { ...example, applications: example.applications.map((one) => ({ ...one, accounts: one.id === 'wlz' ? [] : ['agb' as const] })) };
const agb = (value: string, application = 'iwmo') => ({ application, type: 'agb', value });
let database: Database;
let someone: Someone;
beforeEach(async () => {
  database = await emptyDatabase();
  someone = await registered(database, realm, await organisationWith(database, realm, '10000001'));
});
afterEach(() => database.close());

const change = (add: ReturnType<typeof agb>[], remove: ReturnType<typeof agb>[] = []) =>
  database.transaction((tx) => changeAccounts(tx, { realm, membershipId: someone.membershipId, add, remove, actor: desk, now: noon }));
const claim = (...applications: string[]) => accountsClaim(database.db, realm, someone.membershipId, applications);

describe('CAK-13 several AGB codes in one application', () => {
  test('are kept as digits, each once, in order, and told of these applications only', async () => {
    const { accounts } = await change([agb('01.00.5678'), agb('01001234'), agb('01001234'), agb('41001234', 'ijw')]);
    expect(accounts).toEqual([agb('41001234', 'ijw'), agb('01001234'), agb('01005678')]);
    const both = [{ type: 'agb', value: '01001234' }, { type: 'agb', value: '01005678' }];
    expect(await claim('iwmo', 'wlz')).toEqual({ iwmo: both });
    expect(await claim('ijw', 'iwmo')).toEqual({ ijw: [{ type: 'agb', value: '41001234' }], iwmo: both });
    expect(await claim('wlz')).toBeUndefined();
    const [row] = await listAudit(database.db, { event: 'membership.accounts' });
    expect(row).toMatchObject({ object_id: someone.membershipId, detail: { before: [], after: ['iwmo:agb:01005678', 'iwmo:agb:01001234', 'ijw:agb:41001234'] } });
  });

  test('taking one away ends the sessions of its person; giving ends none', async () => {
    const { organisation_id } = await database.db.selectFrom('memberships').selectAll().where('id', '=', someone.membershipId).executeTakeFirstOrThrow();
    await putSession(database.db, { id: 's', account_id: someone.accountId, organisation_id, proofs: '{"proofs":[]}', created_at: noon, last_active_at: noon, expires_at: noon + 900 });
    expect(await change([agb('01001234'), agb('01005678')])).toMatchObject({ sessions: 0 });
    expect(await change([], [agb('01001234')])).toEqual({ accounts: [agb('01005678')], sessions: 1 });
  });

  test.each([
    ['a number that is none', [agb('1234567')], [], 'identifier.agb'], ['an application without', [agb('01001234', 'wlz')], [], 'accounts.unknown'],
    ['an application that is not there', [agb('01001234', 'constructor')], [], 'accounts.unknown'], ['another kind', [{ ...agb('99990001'), type: 'kvk' }], [], 'accounts.unknown'],
    ['one that they have not', [agb('01005678')], [agb('01001234')], 'accounts.absent'],
  ])('%s is refused and changes nothing', async (_, add, remove, code) => {
    await expect(change(add, remove)).rejects.toMatchObject({ code });
    expect(await claim('iwmo', 'ijw')).toBeUndefined();
  });

  test('go when the membership ends, and do not come back with it', async () => {
    await change([agb('01001234')]);
    await database.transaction((tx) => endMembership(tx, { membershipId: someone.membershipId, actor: desk, now: noon }));
    await expect(change([agb('01001234')])).rejects.toMatchObject({ code: 'membership.ended' });
    await database.transaction((tx) => resumeMembership(tx, { membershipId: someone.membershipId, actor: desk, now: noon }));
    expect(await claim('iwmo')).toBeUndefined();
  });
});
