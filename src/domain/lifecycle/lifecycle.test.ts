import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { realmSchema } from '../../config/schema.ts';
import { findAccount, insertLogin, putPassword, updateAccount } from '../../store/accounts.ts';
import { listAudit } from '../../store/audit.ts';
import { activationCodes } from '../../store/codes.ts';
import type { Database } from '../../store/database.ts';
import { enqueue, listOutbox } from '../../store/outbox.ts';
import { listSessions, putSession } from '../../store/sessions.ts';
import { dialects, type TestDatabase } from '../../../test/support/databases.ts';
import { desk, exampleRealm, noon } from '../../../test/support/house.ts';
import { aMembership, anAccount, anOrganisation } from '../../../test/support/rows.ts';
import { deleteAccount, lockAccount, unlockAccount } from '../accounts.ts';
import { aheadOf } from './ended.ts';
import { runRound, type RoundOptions, type RoundResult } from './round.ts';
import { DAY } from './task.ts';
import { startLifecycleWorker } from './worker.ts';

const day = (n: number): number => noon + n * DAY;
const { password, lifecycle } = realmSchema.shape;
const realm = exampleRealm({
  password: password.parse({ valid_days: 180, notice_days: 30 }),
  lifecycle: lifecycle.parse({ dormant_after_days: 180, remind_before_days: [30, 7], dormant_can_return: false, purge_after_days: 365 }),
});
const returning = exampleRealm({ lifecycle: { ...realm.lifecycle, dormant_can_return: true } });
const nothing = { password_notice: [], dormancy_reminder: [], dormant: [], purged: [] };

describe.each(dialects)('the life of accounts on $name', ({ open }) => {
  let opened: TestDatabase;
  let database: Database;
  beforeEach(async () => {
    opened = await open();
    ({ database } = opened);
  });
  afterEach(() => opened.drop());

  const round = async (now: number, options: Partial<RoundOptions> = {}): Promise<RoundResult['done']> => (
    await runRound({ database, realm, actor: { kind: 'system', id: 'lifecycle' }, now, onError: (error) => { throw error; }, ...options })).done;
  const mails = async () => (await listOutbox(database.db, { channel: 'mail', limit: 1000 })).map(({ recipient, subject }) => [recipient, subject]).toSorted();
  const events = async (event: string) => (await listAudit(database.db, { event, limit: 1000 })).map((row) => row.object_id).toSorted();
  /** an active account that logged in at noon, with its own password of that moment */
  const person = async (id: string, changes: Parameters<typeof updateAccount>[2] = {}, { changedAt = noon, oneTime = 0 } = {}): Promise<void> => {
    await anAccount(database.db, id, { given_name: 'José', family_name: `O'Brien-van 't Hoff ${id}`, email: `${id}@example.nl` });
    await updateAccount(database.db, id, { last_login_at: noon, created_at: noon, ...changes });
    await putPassword(database.db, { account_id: id, hash: 'x', changed_at: changedAt, one_time: oneTime });
  };
  const account = async (id: string) => (await findAccount(database.db, id))!;
  const session = (id: string) => putSession(database.db, { id: `s-${id}`, account_id: id, organisation_id: null, proofs: '{"proofs":[]}', created_at: noon, last_active_at: noon, expires_at: day(1000) });

  test('CAK-4: 30 days before a password ends its person is told, once for each password', async () => {
    await person('anna', { language: 'en', last_login_at: day(149) });
    expect((await round(day(149.9))).password_notice).toEqual([]);
    expect((await round(day(150))).password_notice).toEqual(['anna']);
    expect(await mails()).toEqual([['anna@example.nl', 'Your password is valid for 30 more days']]);
    const [mail] = await listOutbox(database.db);
    expect([mail?.text, mail?.links]).toEqual([expect.stringContaining("Dear José O'Brien-van 't Hoff anna,"), ['http://localhost:3000/voorbeeld/account/']]);
    expect(mail?.text).toContain('Servicedesk: 030 000 00 00');
    for (const at of [day(150.1), day(170), noon, day(150)]) expect((await round(at)).password_notice).toEqual([]);
    await putPassword(database.db, { account_id: 'anna', hash: 'y', changed_at: day(170) });
    await updateAccount(database.db, 'anna', { last_login_at: day(300) });
    expect((await round(day(322))).password_notice).toEqual(['anna']);
    expect((await mails()).map(([, subject]) => subject)).toContain('Your password is valid for 28 more days');
    expect((await listAudit(database.db, { event: 'notice.sent' })).map(({ object_id, actor, detail }) => [object_id, actor.id, detail])).toEqual([
      ['anna', 'lifecycle', { kind: 'password_expiry', days: 28 }], ['anna', 'lifecycle', { kind: 'password_expiry', days: 30 }]]);
  });

  test('who could not be told in time gets one mail that it has ended; who cannot use it gets none', async () => {
    const at = { last_login_at: day(399) };
    await person('late', at);
    await person('first', at, { oneTime: 1 });
    await person('locked', { ...at, status: 'locked' });
    await person('deleted', { ...at, status: 'deleted' });
    await person('silent', { ...at, email: null });
    await person('empty', { ...at, email: '' });
    expect((await round(day(400))).password_notice).toEqual(['late']);
    expect(await mails()).toEqual([['late@example.nl', 'Uw wachtwoord is niet meer geldig']]);
    expect(await round(day(401), { realm: exampleRealm() })).toEqual(nothing);
  });

  test('CIZ-5: unused accounts are reminded at 30 and at 7 days, and then dormant: their sessions end', async () => {
    await person('bram', {}, { changedAt: day(100) });
    await person('never', { last_login_at: null, created_at: day(-1), email: null }, { changedAt: day(100) });
    await person('used', { last_login_at: day(170) }, { changedAt: day(170) });
    await session('bram');
    for (const [at, reminded] of [[149.9, []], [150, ['bram']], [160, []], [173, ['bram']], [174, []], [150, []]] as const) {
      expect([at, (await round(day(at))).dormancy_reminder]).toEqual([at, reminded]);
    }
    expect((await round(day(179.5))).dormant).toEqual(['never']);
    expect((await round(day(180))).dormant).toEqual(['bram']);
    expect(await account('bram')).toMatchObject({ status: 'dormant', ended_at: day(180), end_reason: 'unused' });
    expect(await listSessions(database.db, {})).toEqual([]);
    expect(await mails()).toHaveLength(2);
    expect(await events('account.dormant')).toEqual(['bram', 'never']);
    // a clock that steps back
    expect(await round(day(100))).toEqual(nothing);
    expect(aheadOf(realm, await account('used'))).toEqual({ dormantAt: day(350) });
    expect(aheadOf(realm, await account('bram'))).toEqual({ purgeAt: day(545) });
  });

  test('after a long stand-still only the last reminder is sent', async () => {
    await person('carla', {}, { changedAt: day(100) });
    expect((await round(day(178))).dormancy_reminder).toEqual(['carla']);
    expect(await mails()).toEqual([['carla@example.nl', 'Log in: anders zetten wij uw account uit']]);
    expect((await listOutbox(database.db))[0]?.text).toMatch(/Over 2 dagen .* niet meer aanzetten/);
  });

  test('CIZ-5 the lock is no way round: who was unused for too long meanwhile never returns, where none does', async () => {
    const locked = (now: number) => database.transaction((tx) => lockAccount(tx, { accountId: 'dirk', actor: desk, now }));
    const unlock = (of: typeof realm, now: number) => database.transaction((tx) => unlockAccount(tx, of, { accountId: 'dirk', actor: desk, now }));
    await person('dirk');
    await locked(day(10));
    await unlock(realm, day(179));
    await locked(day(180));
    await expect(unlock(realm, day(400))).rejects.toMatchObject({ code: 'user.dormant_for_good' });
    await unlock(returning, day(400));
    expect(await account('dirk')).toMatchObject({ status: 'active', reopened_at: day(400) });
  });

  test('a dormant account returns where the realm allows, and counts as used from then on; elsewhere never', async () => {
    await person('dirk', {}, { changedAt: day(100) });
    await round(day(200));
    const unlock = (of: typeof realm, now: number) => database.transaction((tx) => unlockAccount(tx, of, { accountId: 'dirk', actor: desk, now }));
    await expect(unlock(realm, day(201))).rejects.toMatchObject({ code: 'user.dormant_for_good' });
    await unlock(returning, day(201));
    expect(await account('dirk')).toMatchObject({ status: 'active', ended_at: null, end_reason: null, last_login_at: noon });
    expect(await events('account.returned')).toEqual(['dirk']);
    await expect(unlock(returning, day(201))).rejects.toMatchObject({ code: 'user.not_locked', params: { status: 'active' } });
    expect((await round(day(202), { realm: returning })).dormant).toEqual([]);
    expect((await round(day(351), { realm: returning })).dormancy_reminder).toEqual(['dirk']);
    expect((await round(day(381), { realm: returning })).dormant).toEqual(['dirk']);
  });

  test('deleting: sessions, places and roles go at once, the reason stays with the account; once', async () => {
    await anOrganisation(database.db, 'o');
    await person('els');
    await aMembership(database.db, 'm', 'els', 'o', { tier: 'administrator', status: 'active' });
    await session('els');
    const remove = (reason: string) => database.transaction((tx) => deleteAccount(tx, { accountId: 'els', reason, actor: desk, now: noon }));
    for (const reason of ['', '  ', 'x'.repeat(501), 'a\u0000b', 'a\u202eb', 'a\nb']) await expect(remove(reason)).rejects.toMatchObject({ code: 'user.reason' });
    expect(await account('els')).toMatchObject({ status: 'active' });
    expect(await remove('  uit dienst  ')).toEqual({ sessions: 1, memberships: 1, withoutAdministrator: ['o'] });
    expect(await account('els')).toMatchObject({ status: 'deleted', ended_at: noon, end_reason: 'uit dienst' });
    await expect(remove('nog eens')).rejects.toMatchObject({ code: 'user.deleted' });
    const [row] = await listAudit(database.db, { event: 'account.deleted' });
    expect(row).toMatchObject({ action: 'D', object_id: 'els', detail: { before: 'active', after: 'deleted' } });
    expect(JSON.stringify(await listAudit(database.db))).not.toContain('uit dienst');
  });

  test('personal data go after the term, with messages to the person; a shell stays', async () => {
    await anOrganisation(database.db, 'o');
    const { db } = database;
    for (const id of ['fien', 'gijs']) {
      await person(id, { phone: '0300000000' }, { changedAt: day(100) });
      await insertLogin(db, { scope: '', username: id, account_id: id });
      await aMembership(db, `m-${id}`, id, 'o', { status: 'active' });
      await enqueue(db, { channel: 'mail', recipient: `${id}@example.nl`, subject: 's', text: 't', now: noon });
      await enqueue(db, { channel: 'sms', recipient: '0300000000', subject: 's', text: 't', now: noon });
      await enqueue(db, { channel: 'sms', recipient: `telephone of a factor of ${id}`, subject: '', text: 't', accountId: id, now: noon });
      await db.insertInto('passkeys').values({ id: `k-${id}`, account_id: id, credential_id: `c-${id}`, public_key: 'k', counter: 0, transports: '[]', name: 'Telefoon van Jan', device: 'multi', backed_up: 1, created_at: noon, last_used_at: null, blocked_at: null }).execute();
      await db.insertInto('factors').values({ id: `f-${id}`, account_id: id, kind: 'totp', secret: 's', created_at: noon, last_used_at: null, last_step: null }).execute();
      await db.insertInto('security_answers').values({ account_id: id, question: 'q', hash: 'h', set_at: noon }).execute();
      await db.insertInto('application_accounts').values({ membership_id: `m-${id}`, application: 'a', type: 'agb', value: '12345678' }).execute();
      await db.insertInto('broker_identities').values({ broker_id: 'b', acting_subject: id, organisation_id: 'o', account_id: id, created_at: noon, last_seen_at: noon }).execute();
    }
    const letter = await enqueue(db, { channel: 'letter', recipient: 'Fien, Postbus 1', subject: 's', text: 't', now: noon });
    await activationCodes.insert(db, { id: 'c', account_id: 'fien', hash: 'h', max_tries: 5, channel: 'letter', message_id: letter, issued_by: 'desk', issued_at: noon, expires_at: noon });
    await database.transaction((tx) => deleteAccount(tx, { accountId: 'fien', reason: 'weg', actor: desk, now: noon }));
    expect((await round(day(364.9), { realm: returning })).purged).toEqual([]);
    expect((await round(day(365), { realm: returning })).purged).toEqual(['fien']);
    expect(await account('fien')).toEqual({ ...(await account('fien')), status: 'deleted', given_name: null, family_name: null, email: null, phone: null, end_reason: null, ended_at: noon, purged_at: day(365) });
    const left = async (table: 'logins' | 'passwords' | 'factors' | 'passkeys' | 'security_answers' | 'broker_identities' | 'application_accounts') => (await db.selectFrom(table).selectAll().execute()).length;
    for (const table of ['logins', 'passwords', 'factors', 'passkeys', 'security_answers', 'broker_identities', 'application_accounts'] as const) expect([table, await left(table)]).toEqual([table, 1]);
    const recipients = async () => (await listOutbox(db, { limit: 1000 })).map(({ recipient }) => recipient);
    // gijs has that telephone too
    expect((await recipients()).filter((one) => !one.includes('gijs'))).toEqual(['0300000000', '0300000000']);
    // dormant for good: only in a realm that says so
    expect((await round(day(800), { realm: returning })).purged).toEqual([]);
    expect((await round(day(800))).purged).toEqual(['gijs']);
    expect(await recipients()).toEqual([]);
    expect(await account('gijs')).toMatchObject({ status: 'deleted', family_name: null });
    expect(await db.selectFrom('memberships').select('status').execute()).toEqual([{ status: 'ended' }, { status: 'ended' }]);
    expect((await round(day(9000))).purged).toEqual([]);
    expect(await events('account.purged')).toEqual(['fien', 'gijs']);
  });

  test('two nodes at once, more than one stretch: each mail once, each end once', async () => {
    for (let n = 0; n < 400; n += 100) await database.transaction(async (tx) => { for (let m = 0; m < 100; m += 1) await anAccount(tx, `o${n + m}`, { status: 'locked' }); });
    for (let n = 0; n < 120; n += 1) await person(`p${String(n).padStart(3, '0')}`, n % 2 ? {} : { last_login_at: day(170) });
    const workers = [database, opened.second(), opened.second()].map((one) => startLifecycleWorker({
      database: one, realm, clock: () => day(180), log: { info: () => undefined, error: (detail) => { throw new Error(JSON.stringify(detail)); } }, firstMs: 3_600_000,
    }));
    const results = await Promise.all(workers.map((one) => one.round()));
    for (const one of workers) await one.stop();
    expect(results.flatMap(({ done }) => done.dormant)).toHaveLength(60);
    expect(new Set((await mails()).map(([to]) => to)).size).toBe(120);
    expect(await mails()).toHaveLength(120);
    expect([await events('notice.sent'), await events('account.dormant')].map((all) => all.length)).toEqual([120, 60]);
  }, 60_000);

  test('a round that breaks off is finished by the next; one that fails keeps no other; a dry run changes nothing', async () => {
    for (const id of ['a', 'b', 'c', 'd']) await person(id, { last_login_at: day(149) });
    expect((await round(day(150), { dryRun: true })).password_notice).toEqual(['a', 'b', 'c', 'd']);
    expect(await mails()).toEqual([]);
    let asked = 0;
    expect((await round(day(150), { stopped: () => { asked += 1; return asked > 2; } })).password_notice).toEqual(['a', 'b']);
    const failing: Database = { ...database, transaction: (work) => database.transaction(async (tx) => {
      const result = await work(tx);
      if ((await tx.selectFrom('notices').select('account_id').where('account_id', '=', 'c').execute()).length > 0 && asked++ < 4) throw new Error('cannot');
      return result;
    }) };
    const errors: object[] = [];
    const broken = await runRound({ database: failing, realm, actor: desk, now: day(150), onError: (_, detail) => errors.push(detail) });
    expect([broken.done.password_notice, broken.failed, errors]).toEqual([['d'], 1, [{ task: 'password_notice', account: 'c' }]]);
    expect((await round(day(150))).password_notice).toEqual(['c']);
    expect((await mails()).map(([to]) => to)).toEqual(['a', 'b', 'c', 'd'].map((id) => `${id}@example.nl`));
  });

  test('the worker looks by itself soon after its start, and tells how many', async () => {
    await person('z', { last_login_at: day(149) });
    const [told, logged]: [object[], object[]] = [[], []];
    const worker = startLifecycleWorker({ database, realm, clock: () => day(150), log: { info: (detail) => void logged.push(detail), error: () => undefined }, observe: (event) => told.push(event), firstMs: 20 });
    for (let n = 0; n < 200 && told.length < 1; n += 1) await new Promise((resolve) => { setTimeout(resolve, 20); });
    await worker.stop();
    expect([told, logged]).toEqual([[{ task: 'password_notice', count: 1 }], [{ password_notice: 1 }]]);
  });
});
