import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Authenticator, Spoiled } from '../../../test/support/authenticator.ts';
import { dialects, type TestDatabase } from '../../../test/support/databases.ts';
import { desk, exampleRealm, noon, organisationWith, vault } from '../../../test/support/house.ts';
import { deviceFor, hasPasskey } from '../../../test/support/passkeys.ts';
import { aMembership, anAccount } from '../../../test/support/rows.ts';
import { insertLogin, updateAccount } from '../../store/accounts.ts';
import { listAudit } from '../../store/audit.ts';
import type { Database } from '../../store/database.ts';
import { listOutbox } from '../../store/outbox.ts';
import { listPasskeys } from '../../store/passkeys.ts';
import { listSessions, putSession } from '../../store/sessions.ts';
import { deleteAccount, lockAccount } from '../accounts.ts';
import type { Holder } from '../factors/holder.ts';
import { askPasskey, checkPasskey } from './check.ts';
import { checkPasskeyLogin } from './login.ts';
import { creationOptions, requestOptions } from './options.ts';

const realm = exampleRealm();
const holder = (accountId = 'anna', now = noon): Holder => ({ realm, vault, accountId, now });

describe.each(dialects)('a passkey that is shown on $name', ({ open }) => {
  let opened: TestDatabase;
  let database: Database;
  let device: Authenticator;
  beforeEach(async () => {
    opened = await open();
    ({ database } = opened);
    for (const id of ['anna', 'bert']) await anAccount(database.db, id, { given_name: id, email: `${id}@voorbeeld.example` });
    device = deviceFor(realm);
  });
  afterEach(() => opened.drop());

  const events = async (event: string) => (await listAudit(database.db, { event })).map(({ outcome, reason, object_id, detail }) => ({ outcome, reason, object_id, detail }));
  /** What becomes of a passkey shown after a password: `keep` and `record` are carried out. */
  const check = async (typed: string, turn = 'turn', whose = holder()): Promise<string> => {
    const checked = await checkPasskey(database.db, whose, { turn, typed });
    if (checked.ok) return await database.transaction(checked.keep) ? 'right' : 'overtaken';
    if ('record' in checked && checked.record) await database.transaction(checked.record);
    return checked.rule;
  };
  const options = async (turn: string = 'turn', whose: Holder = holder()) => (await askPasskey(database.db, whose, turn))!;
  const show = async (spoiled: Spoiled = {}, turn: string = 'turn'): Promise<string> => device.show(await options(turn), spoiled);
  const login = async (typed: string, { turn = 'turn', address = '192.0.2.1' } = {}) => {
    const checked = await checkPasskeyLogin({ db: database.db, realm, vault, now: noon, runId: 'run', address }, { turn, typed });
    if (checked.ok) return await database.transaction(checked.keep) ? checked : 'overtaken';
    if ('record' in checked && checked.record) await database.transaction(checked.record);
    return checked.rule;
  };
  const anywhere = (turn = 'turn') => requestOptions(holder(''), turn);

  describe('after a password', () => {
    beforeEach(() => hasPasskey(database, realm, 'anna', device));

    test('a right one counts up, once for each turn', async () => {
      const typed = await show();
      expect(await check(typed)).toBe('right');
      expect(await listPasskeys(database.db, 'anna')).toMatchObject([{ counter: 1, last_used_at: noon }]);
      // the turn is over: its challenge with it
      expect(await check(typed, 'next turn')).toBe('expired');
      expect(await check(await show({}, 'next turn'), 'next turn')).toBe('right');
    });

    test.each<[string, Spoiled, string, string]>([
      ['another origin', { origin: 'http://localhost:3001' }, 'wrong', 'origin'], ['a frame of another site', { crossOrigin: true }, 'wrong', 'origin'],
      ['another host', { rpId: 'evil.example' }, 'wrong', 'signature'], ['another challenge', { challenge: Buffer.alloc(32, 1).toString('base64url') }, 'expired', 'challenge'],
      ['the other ceremony', { type: 'webauthn.create' }, 'wrong', 'signature'], ['without the person verified', { verified: false }, 'wrong', 'signature'],
      ['without the person present', { present: false }, 'wrong', 'signature'], ['a handle of nobody', { handle: 'AAAA' }, 'wrong', 'handle'],
      ['an id that nobody has', { id: Buffer.alloc(16).toString('base64url') }, 'wrong', 'unknown'],
    ])('%s is refused, and the trail knows why', async (_what, spoiled, rule, reason) => {
      expect(await check(await show(spoiled))).toBe(rule);
      expect(await events('passkey.refused')).toMatchObject([{ outcome: 'refused', reason, object_id: 'anna' }]);
    });

    test('a device that keeps no handle will do: whose it is, is known', async () => {
      expect(await check(await show({ handle: null }))).toBe('right');
    });

    test('a signature with another key, and a message that is none', async () => {
      const other = deviceFor(realm);
      const row = await hasPasskey(database, realm, 'bert', other);
      const forged = JSON.parse(other.show(await anywhere())) as Record<string, unknown>;
      expect(await check(JSON.stringify({ ...forged, id: device.credentials[0]!.id, rawId: device.credentials[0]!.id }))).toBe('wrong');
      expect(await check(JSON.stringify(forged))).toBe('wrong');
      for (const typed of ['{', '{"id":1}']) expect(await check(typed)).toBe('wrong');
      expect((await events('passkey.refused')).map(({ reason }) => reason)).toEqual(['unreadable', 'unreadable', 'foreign', 'signature']);
      expect(await events('passkey.refused')).toContainEqual(expect.objectContaining({ reason: 'foreign', object_id: 'anna', detail: { passkey: row.id } }));
      expect(await check('')).toBe('required');
      expect(await check(await show(), 'turn', holder('carl'))).toBe('none');
    });

    test('a counter that went back: a clone. It is blocked, sessions end, the owner is told, and nothing unblocks it', async () => {
      const thief = device.clone();
      for (const turn of ['one', 'two', 'three']) expect(await check(await show({}, turn), turn)).toBe('right');
      await putSession(database.db, { id: 's1', account_id: 'anna', organisation_id: null, proofs: '{"proofs":[]}', created_at: noon, last_active_at: noon, expires_at: noon + 60 });
      const mails = (await listOutbox(database.db)).length;
      expect(await check(thief.show(await options('four')), 'four')).toBe('blocked');
      expect(await events('passkey.cloned')).toMatchObject([{ outcome: 'refused', object_id: 'anna', detail: { before: 3, counter: 1, sessions: 1 } }]);
      expect(await listSessions(database.db, { accountId: 'anna' })).toEqual([]);
      const [mail, ...before] = await listOutbox(database.db);
      expect([mail?.subject, before.length]).toEqual(['Een passkey is geblokkeerd', mails]);
      expect(await askPasskey(database.db, holder(), 'five')).toBeUndefined();
      expect(await check(device.show(await anywhere('five')), 'five')).toBe('none');
      expect(await login(device.show(await anywhere('six')), { turn: 'six' })).toBe('blocked');
      expect(await events('passkey.cloned')).toHaveLength(1);
      // on the same device a new one can be made in its place
      expect((await creationOptions(database.db, holder(), 'seven')).excludeCredentials).toEqual([]);
    });

    test('nobody without the key can have it blocked', async () => {
      for (const turn of ['one', 'two']) await check(await show({}, turn), turn);
      const row = JSON.parse(await show({ counter: 1 }, 'three')) as { response: { signature: string } };
      row.response.signature = Buffer.from('no signature').toString('base64url');
      expect(await check(JSON.stringify(row), 'three')).toBe('wrong');
      expect(await listPasskeys(database.db, 'anna')).toMatchObject([{ blocked_at: null, counter: 2 }]);
    });

    test('one that counts nothing stays at 0, and may not begin to count back', async () => {
      const synced = deviceFor(realm, { synced: true });
      await hasPasskey(database, realm, 'bert', synced);
      const ask = (turn: string) => options(turn, holder('bert'));
      for (const turn of ['one', 'two']) expect(await check(synced.show(await ask(turn)), turn, holder('bert'))).toBe('right');
      expect(await check(synced.show(await ask('three'), { counter: 7 }), 'three', holder('bert'))).toBe('right');
      expect(await check(synced.show(await ask('four')), 'four', holder('bert'))).toBe('blocked');
    });

    test('tries are taken before: of fifty wrong ones five are judged', async () => {
      const rules = await Promise.all(Array.from({ length: 50 }, () => check('{}')));
      expect(rules.filter((rule) => rule === 'wrong')).toHaveLength(5);
      expect(await check(await show())).toBe('wait');
    });

    test('eight posts of one answer on two nodes: one passes', async () => {
      const [typed, second] = [await show(), opened.second()];
      const outcomes = await Promise.all(Array.from({ length: 8 }, async (_one, n) => {
        const { db } = n % 2 === 0 ? database : second;
        const checked = await checkPasskey(db, holder(), { turn: 'turn', typed });
        return checked.ok && (n % 2 === 0 ? database : second).transaction(checked.keep);
      }));
      expect(outcomes.filter(Boolean)).toHaveLength(1);
    });
  });

  describe('in place of a password', () => {
    beforeEach(() => hasPasskey(database, realm, 'anna', device));

    test('says itself whose it is, with the organisation that its person is of', async () => {
      expect(await login(device.show(await anywhere()))).toMatchObject({ ok: true, accountId: 'anna' });
      const organisationId = await organisationWith(database, realm, '12345678');
      await aMembership(database.db, 'm', 'anna', organisationId);
      expect(await login(device.show(await anywhere('two')), { turn: 'two' })).toMatchObject({ accountId: 'anna', organisationId });
      const other = await organisationWith(database, realm, '87654321');
      await database.db.insertInto('organisation_identifiers').values({ organisation_id: other, type: 'relation_number', value: '4711' }).execute();
      await aMembership(database.db, 'm2', 'anna', other);
      expect(await login(device.show(await anywhere('three')), { turn: 'three' })).not.toHaveProperty('organisationId');
      await insertLogin(database.db, { scope: '4711', username: 'anna', account_id: 'anna' });
      expect(await login(device.show(await anywhere('four')), { turn: 'four' })).toMatchObject({ organisationId: other });
    });

    test('one that nobody has is answered as a wrong one; so is one that does not say whose it is', async () => {
      const stranger = deviceFor(realm);
      stranger.make(await creationOptions(database.db, holder('bert'), 'elsewhere'));
      expect(await login(stranger.show(await anywhere()))).toBe('wrong');
      expect(await login(device.show(await anywhere(), { origin: 'https://evil.example' }))).toBe('wrong');
      expect(await login(device.show(await anywhere(), { handle: null }))).toBe('wrong');
      expect(await login(device.show(await anywhere(), { verified: false }))).toBe('wrong');
      expect(await login('{}')).toBe('wrong');
      expect(await login(device.show(await anywhere('other')))).toBe('expired');
      expect((await events('passkey.refused')).map(({ reason, object_id }) => [reason, object_id])).toEqual([
        ['challenge', 'anna'], ['unreadable', null], ['signature', 'anna'], ['handle', 'anna'], ['origin', 'anna'], ['unknown', null],
      ]);
    });

    test('of another realm on the same host nobody is known', async () => {
      const elsewhere = exampleRealm({ id: 'elsewhere', issuer: 'http://localhost:3000/elsewhere' });
      const other = await open();
      const checked = await checkPasskeyLogin({ db: other.database.db, realm: elsewhere, vault, now: noon, runId: 'run', address: '192.0.2.1' }, { turn: 'turn', typed: device.show(await anywhere()) });
      expect(checked).toMatchObject({ ok: false, rule: 'wrong' });
      await other.drop();
    });

    test('who is locked, dormant or deleted does not log in', async () => {
      await database.transaction((tx) => lockAccount(tx, { accountId: 'anna', actor: desk, now: noon }));
      expect(await login(device.show(await anywhere()))).toBe('inactive');
      await updateAccount(database.db, 'anna', { status: 'dormant' });
      expect(await login(device.show(await anywhere('two')), { turn: 'two' })).toBe('inactive');
      await database.transaction((tx) => deleteAccount(tx, { accountId: 'anna', reason: 'gone', actor: desk, now: noon }));
      expect(await listPasskeys(database.db, 'anna')).toEqual([]);
      expect(await login(device.show(await anywhere('three')), { turn: 'three' })).toBe('wrong');
    });

    test('who tries elsewhere keeps nobody out: twenty tries from an address, of each account', async () => {
      const wrong = device.show(await anywhere(), { origin: 'https://evil.example' });
      const rules = await Promise.all(Array.from({ length: 30 }, () => login(wrong, { address: '198.51.100.7' })));
      expect(rules.filter((rule) => rule === 'wrong')).toHaveLength(20);
      expect(rules).toContain('wait');
      expect(await login(device.show(await anywhere()), { address: '198.51.100.7' })).toBe('wait');
      expect(await login(device.show(await anywhere()))).toMatchObject({ accountId: 'anna' });
    });
  });
});
