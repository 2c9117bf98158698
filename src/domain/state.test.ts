import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { administratorOf, emptyDatabase, exampleProof, exampleRealm, noon, organisationWith, registered } from '../../test/support/house.ts';
import { updateAccount } from '../store/accounts.ts';
import type { Database } from '../store/database.ts';
import { setRoles, updateMembership } from '../store/memberships.ts';
import { insertOrganisation, putEntitlements } from '../store/organisations.ts';
import { loadState } from './state.ts';

const realm = exampleRealm();
let database: Database;
beforeEach(async () => { database = await emptyDatabase(); });
afterEach(() => database.close());

describe('loadState', () => {
  test('nothing asked, or nothing known, is nothing', async () => {
    const nothing = { account: undefined, organisation: undefined, membership: undefined };
    expect(await loadState(database.db, realm, { now: noon })).toEqual(nothing);
    expect(await loadState(database.db, realm, { broker: exampleProof('12345678'), now: noon })).toEqual(nothing);
    expect(await loadState(database.db, realm, { accountId: 'x', organisationId: 'y', now: noon })).toEqual(nothing);
  });

  test('IB-8 an organisation is found by its number, with the agreements that are missing', async () => {
    const id = await organisationWith(database, realm, '10000001', { agreements: ['vecozo'] });
    const { organisation, account } = await loadState(database.db, realm, { broker: exampleProof('10000001'), now: noon });
    expect(organisation).toEqual({ id, name: 'Gemeente 10000001', identifiers: { kvk: '10000001' }, missingAgreements: ['aansluitovereenkomst'], hasAdministrator: false });
    expect(account).toBeUndefined();
  });

  test('a RSIN finds it too; numbers of two organisations find neither', async () => {
    await organisationWith(database, realm, '10000001');
    await insertOrganisation(database.db, { id: 'other', name: 'Other', identifiers: { rsin: '492099595' }, now: noon });
    const proof = (organisation: Record<string, string>) => ({ ...exampleProof(''), organisation });
    expect((await loadState(database.db, realm, { broker: proof({ rsin: '492099595' }), now: noon })).organisation?.id).toBe('other');
    expect((await loadState(database.db, realm, { broker: proof({ kvk: '99999999', rsin: '492099595' }), now: noon })).organisation?.id).toBe('other');
    expect((await loadState(database.db, realm, { broker: proof({ kvk: '10000001', rsin: '492099595' }), now: noon })).organisation).toBeUndefined();
  });

  test('a person is found by broker, pseudonym and organisation together', async () => {
    const first = await organisationWith(database, realm, '10000001');
    await organisationWith(database, realm, '10000002');
    const someone = await registered(database, realm, first, { broker: exampleProof('10000001', 'pseudonym') });
    const found = await loadState(database.db, realm, { broker: someone.broker, now: noon });
    expect(found.account).toEqual({ id: someone.accountId, active: true, displayName: 'Carla Nieuwenhof', email: 'carla@gemeente.example', language: 'nl', profileComplete: true });
    expect(found.membership).toEqual({ id: someone.membershipId, tier: 'user', status: 'pending', roles: {} });
    const elsewhere = [{ ...someone.broker, id: 'zlogin' }, exampleProof('10000001', 'another'), exampleProof('10000002', 'pseudonym')];
    for (const broker of elsewhere) expect((await loadState(database.db, realm, { broker, now: noon })).account).toBeUndefined();
  });

  test('who the broker shows rules over remembered ids', async () => {
    const organisationId = await organisationWith(database, realm, '10000001');
    const first = await registered(database, realm, organisationId, { broker: exampleProof('10000001') });
    const state = await loadState(database.db, realm, { accountId: first.accountId, organisationId, broker: exampleProof('10000001'), now: noon });
    expect(state.account).toBeUndefined();
    expect(state.membership).toBeUndefined();
  });

  test('a lock, an ended membership and roles without entitlement count at once', async () => {
    const organisationId = await organisationWith(database, realm, '10000001');
    const { accountId, membershipId } = await administratorOf(database, realm, organisationId);
    const load = () => loadState(database.db, realm, { accountId, organisationId, now: noon });
    const by = { assigned_by: 'x', assigned_at: noon };
    await setRoles(database.db, membershipId, [{ application: 'iwmo', role: 'gebruiker', ...by }, { application: 'wlz', role: 'gebruiker', ...by }, { application: 'gone', role: 'gebruiker', ...by }]);
    expect((await load()).membership?.roles).toEqual({ iwmo: ['gebruiker'], wlz: ['gebruiker'] });
    expect((await load()).organisation?.hasAdministrator).toBe(true);
    await putEntitlements(database.db, organisationId, [{ application: 'iwmo', role: 'gebruiker' }]);
    expect((await load()).membership?.roles).toEqual({ iwmo: ['gebruiker'] });
    await updateAccount(database.db, accountId, { status: 'locked' });
    expect((await load()).account?.active).toBe(false);
    expect((await load()).organisation?.hasAdministrator).toBe(false);
    await updateMembership(database.db, membershipId, { status: 'ended' });
    expect((await load()).membership?.status).toBe('ended');
  });

  test('CFX-2 an organisation that is named comes into view for its own people only; whether it is there shows to nobody else', async () => {
    const [home, other, foreign] = [await organisationWith(database, realm, '10000001'), await organisationWith(database, realm, '10000002'), await organisationWith(database, realm, '10000003')];
    const { accountId, membershipId } = await administratorOf(database, realm, other);
    const load = (named: string, more = {}) => loadState(database.db, realm, { accountId, organisationId: home, named, now: noon, ...more });
    for (const named of [other, 'kvk:10000002']) expect(await load(named)).toMatchObject({ asNamed: true, organisation: { id: other }, membership: { id: membershipId } });
    for (const named of [foreign, 'kvk:10000003', 'nobody', 'kvk:1', 'rsin:', ':', '']) expect(await load(named)).toMatchObject({ asNamed: false, organisation: undefined, membership: undefined, account: { id: accountId } });
    expect(await loadState(database.db, realm, { named: other, now: noon })).toMatchObject({ asNamed: false, organisation: undefined });
    expect(await load(other, { broker: exampleProof('10000003') })).toMatchObject({ asNamed: false, organisation: { id: foreign } });
    expect(await load(foreign, { broker: exampleProof('10000003') })).toMatchObject({ asNamed: true, organisation: { id: foreign } });
    await updateMembership(database.db, membershipId, { status: 'ended' });
    expect(await load(other)).toMatchObject({ asNamed: false, organisation: undefined });
  });
});
