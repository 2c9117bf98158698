import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Authenticator } from '../../../test/support/authenticator.ts';
import { codeAt, hasFactor } from '../../../test/support/factors.ts';
import { begin, whereIs, type Walk, type WalkOptions } from '../../../test/support/flow.ts';
import { emptyDatabase, noon, organisationWith } from '../../../test/support/house.ts';
import { fastHash } from '../../../test/support/local.ts';
import { deviceFor, hasPasskey, passkeyRealm } from '../../../test/support/passkeys.ts';
import { aMembership, anAccount } from '../../../test/support/rows.ts';
import { broken, carryOut, pageOf, submit, type Stage } from '../../../test/support/steps.ts';
import type { Realm } from '../../config/schema.ts';
import { hashPassword } from '../../domain/passwords/hash.ts';
import type { RequestOptions } from '../../domain/passkeys/options.ts';
import type { JournalEntry } from '../../flow/facts.ts';
import { proveRealm } from '../../flow/prove.ts';
import type { Turn } from '../../flow/turn.ts';
import { insertLogin, putPassword, updateAccount } from '../../store/accounts.ts';
import { listAudit } from '../../store/audit.ts';
import type { Database } from '../../store/database.ts';
import { steps } from '../index.ts';
import { password } from './step.ts';

const base = passkeyRealm('password');
/** A third level, which only a password with an app earns. */
const levels: Realm['levels'] = [...base.levels, { id: 'high', label: '3', acr: 'urn:high', factors: [['password', 'totp']] }];
const realm: Realm = { ...base, levels, login: { ...base.login, argon2: fastHash } };
const stage = (more: Partial<Stage> = {}): Stage => ({ realm, database, config: { level: 'password' }, ...more });
const typed = { username: 'anna', password: 'Riet-Oever-Boot-6' };
const now = { changed_at: noon, one_time: 0 };

let database: Database;
let device: Authenticator;
let hash: string;
beforeEach(async () => {
  database = await emptyDatabase();
  hash ??= await hashPassword(typed.password, fastHash);
  for (const id of ['anna', 'bert']) {
    await anAccount(database.db, id, { email: `${id}@voorbeeld.example` });
    await insertLogin(database.db, { scope: '', username: id, account_id: id });
  }
  await putPassword(database.db, { account_id: 'anna', hash, ...now });
  device = deviceFor(realm);
  await hasPasskey(database, realm, 'anna', device);
});
afterEach(() => database.close());

const walkFrom = (more: Partial<WalkOptions> = {}): Promise<Walk> => begin({ realm, steps, database, ...more });
const optionsIn = (turn: Turn) => (turn.kind === 'page' ? turn.page['passkey'] : undefined) as RequestOptions | undefined;
const problemsOf = (turn: Turn) => (turn.kind === 'page' ? turn.problems.map((problem) => problem.code) : []);
const show = async (walk: Walk, from = device) => from.show(optionsIn(await walk.show())!);
const session = (...factors: string[]): Omit<JournalEntry, 'binding'> => ({ at: noon - 60, accountId: 'anna', proofs: factors.map((factor) => ({ factor, level: factor === 'password' ? 'password' : '', at: noon - 60 })) });

describe('a passkey in place of login name and password', () => {
  test('logs in by itself, at the level that it earns', async () => {
    const walk = await walkFrom();
    expect(optionsIn(await walk.show())).toMatchObject({ rpId: 'localhost', userVerification: 'required' });
    expect(optionsIn(await walk.show())?.allowCredentials).toBeUndefined();
    expect(await walk.post({ credential: await show(walk) })).toMatchObject({ kind: 'done', run: { row: { account_id: 'anna' }, facts: { level: 1, proofs: [{ factor: 'passkey', at: noon }] } } });
    expect(await listAudit(database.db, { event: 'login.completed' })).toMatchObject([{ account_id: 'anna', detail: { level: 'two-factor', factors: ['passkey'] } }]);
  });

  test('what the model promises holds, and it reaches the higher of both', async () => {
    const options = (await pageOf(password, stage()))['passkey'] as RequestOptions;
    const facts = await carryOut(await submit(password, stage(), { credential: device.show(options) }), stage());
    expect(broken(password, stage(), facts)).toEqual([]);
    expect(password.model({ level: 'password' }, realm)).toMatchObject({ settledBy: ['login_shown'], reaches: 'two-factor' });
    expect(password.model({ level: 'high' }, realm)).toMatchObject({ reaches: 'high' });
    expect(password.model({ level: 'password' }, { ...realm, login: { ...realm.login, passkeys: false } })).toMatchObject({ settledBy: ['password_shown'], reaches: 'password' });
  });

  test('a wrong one says so, keeps nothing, and the next answer needs the next turn', async () => {
    const walk = await walkFrom();
    const early = await show(walk);
    const refused = await walk.post({ credential: device.show(optionsIn(await walk.show())!, { verified: false }) });
    expect([problemsOf(refused), refused]).toEqual([['password.passkey.wrong'], expect.objectContaining({ values: {} })]);
    expect(problemsOf(await walk.post({ credential: early }))).toEqual(['password.passkey.expired']);
    expect(problemsOf(await walk.post({ credential: '' }))).toEqual(['password.username.required', 'password.password.required']);
    expect(whereIs(await walk.post({ credential: await show(walk) }))).toBe('done');
  });

  test('the password still works, with a second step; of passkeys too', async () => {
    const walk = await walkFrom();
    expect(whereIs(await walk.post(typed))).toBe('passkey');
    const page = await walk.show();
    const credential = device.show((page.kind === 'page' ? page.page['options'] : undefined) as RequestOptions);
    expect(await walk.post({ credential })).toMatchObject({ kind: 'done', run: { facts: { proofs: [{ factor: 'password' }, { factor: 'passkey' }] } } });
  });

  test.each(['locked', 'dormant', 'deleted'] as const)('of a %s account ends on a page that says so', async (status) => {
    await updateAccount(database.db, 'anna', { status });
    const walk = await walkFrom();
    expect(whereIs(await walk.post({ credential: await show(walk) }))).toBe('end account_inactive');
  });

  test('a realm without it offers none, and takes none', async () => {
    const without = { ...realm, login: { ...realm.login, passkeys: false } };
    const options = (await pageOf(password, stage()))['passkey'] as RequestOptions;
    expect(await pageOf(password, stage({ realm: without }))).toEqual({ identifiers: ['username'] });
    expect(await submit(password, stage({ realm: without }), { credential: device.show(options) })).toMatchObject({ kind: 'ask', problems: [{ field: 'username' }, { field: 'password' }] });
  });
});

describe('the password that somebody has beside it', () => {
  const old = { ...realm, password: { ...realm.password, valid_days: 30 } };

  test('one that has expired, or is a one-time one, keeps nobody out who does not use it', async () => {
    for (const [id, state] of [['run1', { changed_at: noon - 31 * 86_400, one_time: 0 }], ['run2', { changed_at: noon, one_time: 1 }]] as const) {
      await putPassword(database.db, { account_id: 'anna', hash, ...state });
      const walk = await walkFrom({ realm: old, id });
      expect(whereIs(await walk.post({ credential: await show(walk) }))).toBe('done');
      const byPassword = await walkFrom({ realm: old, id: `${id}-typed` });
      expect(whereIs(await byPassword.post(typed))).toBe('new-password');
    }
  });

  test('an account without a password logs in too', async () => {
    const other = deviceFor(realm);
    await hasPasskey(database, realm, 'bert', other);
    const walk = await walkFrom();
    expect(await walk.post({ credential: await show(walk, other) })).toMatchObject({ kind: 'done', run: { row: { account_id: 'bert' } } });
  });
});

describe('sessions', () => {
  test('of who came in with a passkey ask nothing at the next portal, silently too', async () => {
    const walk = await walkFrom({ seed: session('passkey') });
    expect(whereIs(await walk.show())).toBe('done');
    const { admitted } = await walk.engine.judge(realm.portals[0]!, { levelId: 'two-factor', by: 'portal' }, [{ binding: '@session', ...session('passkey') }]);
    expect(admitted).toBe(true);
    expect(await walk.engine.admits(realm.portals[0]!, { levelId: 'two-factor', by: 'portal' }, [{ binding: '@session', ...session('passkey') }])).toBeDefined();
  });

  test('where more is asked than a passkey earns, it is not offered and the password is asked: nobody is trapped', async () => {
    await hasFactor(database, 'anna', 'totp');
    const walk = await walkFrom({ seed: session('passkey'), levelId: 'high' });
    expect([whereIs(await walk.show()), optionsIn(await walk.show())]).toEqual(['password', undefined]);
    // what was made elsewhere is taken for a form that lacks its fields
    expect(problemsOf(await walk.post({ credential: '{}' }))).toEqual(['password.username.required', 'password.password.required']);
    const fresh = await walkFrom({ id: 'fresh', levelId: 'high' });
    expect(whereIs(await fresh.post(typed))).toBe('passkey');
    expect(whereIs(await fresh.post({ action: 'totp' }))).toBe('totp');
    expect(await fresh.post({ code: codeAt() })).toMatchObject({ kind: 'done', run: { facts: { level: 2 } } });
  });

  test('an organisation that asks more: the page says so, and the login that begins anew asks for the password', async () => {
    const organisationId = await organisationWith(database, realm, '12345678');
    await aMembership(database.db, 'm', 'anna', organisationId, { status: 'active' });
    await database.db.updateTable('organisations').set({ minimum_level: 'high' }).where('id', '=', organisationId).execute();
    const walk = await walkFrom();
    expect(whereIs(await walk.post({ credential: await show(walk) }))).toBe('end level_too_low');
    await walk.engine.restart('run');
    expect([whereIs(await walk.show()), optionsIn(await walk.show())]).toEqual(['password', undefined]);
  });

  test('what is too old to count is asked again', async () => {
    const walk = await walkFrom({ seed: session('passkey'), since: noon - 30 });
    expect(whereIs(await walk.show())).toBe('password');
    expect(whereIs(await walk.post({ credential: await show(walk) }))).toBe('done');
  });

  test('of somebody else lend nothing to who shows a passkey', async () => {
    const other = deviceFor(realm);
    await hasPasskey(database, realm, 'bert', other);
    const walk = await walkFrom({ seed: session('password', 'totp'), since: noon - 30 });
    expect(await walk.post({ credential: await show(walk, other) })).toMatchObject({ kind: 'done', run: { row: { account_id: 'bert' }, facts: { proofs: [{ factor: 'passkey' }] } } });
  });
});

describe('the flow is proved', () => {
  test('with a passkey in place of a password', () => {
    expect(proveRealm(realm, steps)).toEqual([]);
  });

  test.each(['account', 'new-password', 'second-factor', 'level'])('and without %s it is not', (id) => {
    const flow = realm.flows['main']!;
    const spoiled = { ...realm, flows: { main: { ...flow, bindings: flow.bindings.filter((one) => (one.id ?? one.step) !== id) } } };
    expect(proveRealm(spoiled, steps).map(({ message }) => message).join()).toMatch(/can end without|can end below/);
  });
});
