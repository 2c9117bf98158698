import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { openDatabase, type Database } from '../../src/store/database.ts';
import { insertMembership, listRoles, setRoles } from '../../src/store/memberships.ts';
import { insertAccount } from '../../src/store/accounts.ts';
import { putSession } from '../../src/store/sessions.ts';
import { hasFactor } from '../support/factors.ts';
import { openDesk, type Desk } from './support.ts';

const realm = ['--realm', 'inlichtingenbureau'];
const of = [...realm, '--organisation', 'kvk:99990401'];

let desk: Desk;
let organisation: string;
beforeEach(async () => {
  desk = openDesk();
  await desk.run('migrate');
  ({ id: organisation } = await desk.json<{ id: string }>('organisation', 'create', ...realm, '--name', 'Gemeente Voorbeeld', '--identifier', 'kvk:99990401', '--entitlement', 'all'));
  for (const agreement of ['aansluitovereenkomst', 'vecozo']) await desk.run('agreement', 'record', ...of, '--agreement', agreement);
  await person('sanne', 'administrator');
  await person('bram', 'user');
});
afterEach(() => desk.remove());

async function inDatabase<T>(work: (database: Database) => Promise<T>): Promise<T> {
  const database = openDatabase({ file: join(desk.folder, 'data/inlichtingenbureau.sqlite') });
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}

/** An active member with a role and a session of level 3. */
const person = (id: string, tier: 'user' | 'administrator') => inDatabase(async ({ db }) => {
  await insertAccount(db, { id, status: 'active', given_name: id, family_name: 'Wit', email: `${id}@example.nl`, created_at: desk.now, updated_at: desk.now });
  await insertMembership(db, { id: `m-${id}`, account_id: id, organisation_id: organisation, tier, status: 'active', registered_at: desk.now, verified_at: desk.now });
  await setRoles(db, `m-${id}`, [{ application: 'iwmo', role: 'gebruiker', assigned_by: 'x', assigned_at: desk.now }]);
  await putSession(db, { id: `s-${id}`, account_id: id, organisation_id: organisation, proofs: '{"proofs":[{"factor":"broker","level":"eh3","at":1}]}', created_at: desk.now, last_active_at: desk.now, expires_at: desk.now + 9000 });
});
const sessions = () => inDatabase(async ({ db }) => (await db.selectFrom('sessions').select('id').orderBy('id').execute()).map(({ id }) => id));
const audited = async (event: string) => (await desk.json<{ actor: object; detail: Record<string, unknown> }[]>('audit', 'list', ...realm, '--event', event))[0];

describe('user reset-factors', () => {
  test('CAK-8 takes away what somebody lost, ends their sessions, and is said to the trail and to them', async () => {
    await inDatabase(async (database) => { for (const kind of ['totp', 'sms'] as const) await hasFactor(database, 'bram', kind); });
    expect(await desk.json('user', 'reset-factors', ...realm, '--user', 'bram@example.nl')).toEqual({ id: 'bram', factors: ['totp', 'sms'], sessions_ended: 1 });
    expect(await sessions()).toEqual(['s-sanne']);
    expect(await audited('factor.reset')).toMatchObject({ actor: { kind: 'desk' }, detail: { kinds: ['totp', 'sms'], sessions: 1 } });
    expect((await desk.json<{ to: string; recipient: string }[]>('outbox', 'list', ...realm)).length).toBeGreaterThan(0);
    expect(await desk.run('user', 'reset-factors', ...realm, '--user', 'bram')).toMatchObject({ code: 1, err: 'this account has no second factor' });
  });
});

describe('membership end and resume', () => {
  test('end: who, and what went with it', async () => {
    expect(await desk.json('membership', 'end', ...of, '--user', 'bram@example.nl')).toEqual({ membership: 'm-bram', account: 'bram', organisation, status: 'ended', sessions_ended: 1, last_administrator: false });
    expect(await sessions()).toEqual(['s-sanne']);
    expect(await audited('membership.ended')).toMatchObject({ actor: { kind: 'desk' }, detail: { before: { status: 'active', roles: ['iwmo/gebruiker'] }, after: { status: 'ended', roles: [] } } });
    expect(await desk.run('membership', 'end', ...of, '--user', 'bram Wit')).toMatchObject({ code: 1, err: 'this membership has ended' });
    expect(await desk.run('membership', 'end', ...of, '--user', 'nobody')).toMatchObject({ code: 1 });
    expect(await desk.run('membership', 'end', ...realm, '--user', 'bram')).toMatchObject({ code: 2 });
  });

  test('the last administrator: said, with the way to a new one, which works', async () => {
    const { code, out } = await desk.run('membership', 'end', ...of, '--user', 'sanne');
    expect([code, out]).toEqual([0, expect.stringContaining('Gemeente Voorbeeld has no administrator now')]);
    expect(await desk.json('membership', 'resume', ...of, '--user', 'sanne')).toMatchObject({ status: 'pending' });
    expect(await inDatabase(({ db }) => listRoles(db, 'm-sanne'))).toEqual([]);
    expect(await desk.json('code', 'issue', ...of, '--user', 'sanne', '--tier', 'administrator')).toMatchObject({ tier: 'administrator' });
    expect(await desk.run('membership', 'resume', ...of, '--user', 'sanne')).toMatchObject({ code: 1, err: 'this membership has not ended' });
  });

  test('a lock ends sessions, and says which organisations it leaves without an administrator', async () => {
    expect(await desk.json('user', 'lock', ...realm, '--user', 'sanne')).toEqual({ id: 'sanne', status: 'locked', sessions_ended: 1, without_administrator: [organisation] });
    expect(await sessions()).toEqual(['s-bram']);
    expect((await desk.run('user', 'lock', ...realm, '--user', 'bram')).out).toBe('bram can no longer log in; 1 session ended');
  });
});

describe('what an organisation loses', () => {
  test('agreement withdraw', async () => {
    const withdraw = ['agreement', 'withdraw', ...of, '--agreement'];
    expect(await desk.json(...withdraw, 'vecozo')).toEqual({ organisation, agreement: 'vecozo', sessions_ended: 2 });
    expect(await sessions()).toEqual([]);
    expect(await desk.run(...withdraw, 'vecozo')).toMatchObject({ code: 1, err: 'no agreement vecozo is recorded for this organisation' });
    expect(await desk.json('organisation', 'show', ...of)).toMatchObject({ agreements: [{ agreement: 'aansluitovereenkomst' }] });
  });

  test('organisation entitle: add, remove, set, all and none', async () => {
    const entitle = ['organisation', 'entitle', ...of];
    expect(await desk.json(...entitle, '--remove', 'ijw:gebruiker', '--remove', 'ijw:productbeheerder')).toMatchObject({ sessions_ended: 0, entitlements: expect.not.arrayContaining(['ijw:gebruiker']) });
    expect(await sessions()).toHaveLength(2);
    expect(await desk.json(...entitle, '--set', 'iwmo:productbeheerder')).toEqual({ organisation, entitlements: ['iwmo:productbeheerder'], sessions_ended: 2 });
    expect((await desk.json<{ entitlements: string[] }>(...entitle, '--set', 'all')).entitlements).toHaveLength(6);
    expect(await desk.run(...entitle, '--set', 'none')).toMatchObject({ code: 0, out: 'Gemeente Voorbeeld may hand out nothing; 0 sessions ended' });
    expect(await desk.json(...entitle, '--add', 'iwmo:gebruiker')).toMatchObject({ entitlements: ['iwmo:gebruiker'] });
    expect(await desk.run(...entitle, '--remove', 'ijw:gebruiker')).toMatchObject({ code: 1, err: expect.stringContaining('nothing to take away') });
    expect(await desk.run(...entitle, '--add', 'iwmo:baas')).toMatchObject({ code: 1 });
    for (const wrong of [[], ['--add', 'iwmo:gebruiker', '--set', 'all'], ['--add', 'iwmo']]) expect(await desk.run(...entitle, ...wrong)).toMatchObject({ code: 2 });
  });

  test('organisation update --minimum-level', async () => {
    const update = ['organisation', 'update', ...of, '--minimum-level'];
    expect(await desk.json(...update, 'eh3')).toMatchObject({ id: organisation, minimumLevel: 'eh3', sessions_ended: 0 });
    expect((await desk.run(...update, 'eh4')).out).toContain('minimum level eh4; 2 sessions ended');
    expect(await sessions()).toEqual([]);
    expect(await audited('organisation.level_changed')).toMatchObject({ detail: { from: 'eh3', to: 'eh4' } });
  });
});
