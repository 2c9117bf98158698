import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { Authenticator, Spoiled } from '../../../test/support/authenticator.ts';
import { dialects, type TestDatabase } from '../../../test/support/databases.ts';
import { desk, exampleRealm, noon, vault } from '../../../test/support/house.ts';
import { deviceFor, hasPasskey } from '../../../test/support/passkeys.ts';
import { anAccount } from '../../../test/support/rows.ts';
import { listAudit } from '../../store/audit.ts';
import type { Database } from '../../store/database.ts';
import { listRecoveryCodes } from '../../store/factors.ts';
import { listOutbox } from '../../store/outbox.ts';
import { listPasskeys } from '../../store/passkeys.ts';
import { keepFactor, removePasskey, wipeFactors } from '../factors/enrol.ts';
import type { Holder } from '../factors/holder.ts';
import { newRecoveryCodes } from '../factors/recovery.ts';
import { askPasskey, checkPasskey } from './check.ts';
import { confirmPasskey, renamePasskey, shownPasskeys } from './keep.ts';
import { creationOptions } from './options.ts';

const realm = exampleRealm();
const holder = (accountId = 'anna', now = noon): Holder => ({ realm, vault, accountId, now });

describe.each(dialects)('passkeys of an account on $name', ({ open }) => {
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

  const events = async (event: string) => (await listAudit(database.db, { event })).map(({ object_id, detail }) => ({ object_id, detail }));
  /** Is the device's passkey taken after a password? */
  const works = async (): Promise<boolean> => {
    const asked = await askPasskey(database.db, holder(), 'login');
    const checked = asked && await checkPasskey(database.db, holder(), { turn: 'login', typed: device.show(asked) });
    return checked?.ok === true && database.transaction(checked.keep);
  };

  describe('set up', () => {
    const confirm = async (spoiled: Spoiled = {}, { now = noon, posted = 'turn' } = {}) => {
      const typed = device.make(await creationOptions(database.db, holder(), 'turn'), spoiled);
      const made = await confirmPasskey(database.db, holder('anna', now), { turn: posted, typed });
      if (!made.ok) return made.rule;
      return await database.transaction((tx) => keepFactor(tx, holder(), made.factor)) ? 'kept' : 'not kept';
    };

    test('what a browser is asked: this host, a verified person, no attestation, and nothing personal in the handle', async () => {
      const asked = await creationOptions(database.db, holder(), 'turn');
      expect(asked).toMatchObject({
        rp: { id: 'localhost', name: 'Voorbeeld' }, user: { name: 'anna@voorbeeld.example', displayName: 'anna' }, attestation: 'none', timeout: 300_000,
        authenticatorSelection: { residentKey: 'preferred', userVerification: 'required' }, excludeCredentials: [],
      });
      expect(asked.pubKeyCredParams.map(({ alg }) => alg)).toEqual([-7, -8, -257]);
      expect(Buffer.from(asked.user.id, 'base64url')).toHaveLength(32);
      expect(Buffer.from(asked.challenge, 'base64url')).toHaveLength(32);
      expect((await creationOptions(database.db, { ...holder(), realm: exampleRealm({ login: { ...realm.login, passkeys: true } }) }, 'turn')).authenticatorSelection?.residentKey).toBe('required');
      expect((await creationOptions(database.db, holder('bert'), 'turn')).user.id).not.toBe(asked.user.id);
    });

    test.each(['ES256', 'EdDSA', 'RS256'] as const)('%s: kept with the public half only, told by mail, and it logs in', async (algorithm) => {
      device = deviceFor(realm, { algorithm });
      expect(await confirm()).toBe('kept');
      expect(await listPasskeys(database.db, 'anna')).toMatchObject([{ name: 'Passkey 1', device: 'single', backed_up: 0, counter: 0, transports: '["hybrid","internal"]', blocked_at: null }]);
      expect(await events('factor.added')).toMatchObject([{ object_id: 'anna', detail: { kind: 'passkey', replaced: false } }]);
      expect((await listOutbox(database.db))[0]?.text).toContain('een passkey');
      expect(await works()).toBe(true);
    });

    test('several, each with a name of its own; one that is known is not made again on the same device', async () => {
      await confirm();
      await confirm();
      expect((await shownPasskeys(database.db, 'anna')).map(({ name }) => name).toSorted()).toEqual(['Passkey 1', 'Passkey 2']);
      const asked = await creationOptions(database.db, holder(), 'other');
      expect(asked.excludeCredentials?.map(({ id }) => id).toSorted()).toEqual(device.credentials.map(({ id }) => id).toSorted());
      expect(await confirm({ id: device.credentials[0]!.id })).toBe('used');
    });

    test('one that is copied between devices is told apart', async () => {
      await hasPasskey(database, realm, 'anna', deviceFor(realm, { synced: true }));
      expect(await listPasskeys(database.db, 'anna')).toMatchObject([{ device: 'multi', backed_up: 1 }]);
      expect(await shownPasskeys(database.db, 'anna')).toMatchObject([{ synced: true }]);
    });

    test.each<[string, Spoiled, string, string]>([
      ['another origin', { origin: 'https://localhost.evil.example' }, 'wrong', 'origin'], ['another host', { rpId: 'evil.example' }, 'wrong', 'signature'],
      ['another scheme', { origin: 'https://localhost:3000' }, 'wrong', 'origin'], ['another challenge', { challenge: Buffer.alloc(32).toString('base64url') }, 'expired', 'challenge'],
      ['the other ceremony', { type: 'webauthn.get' }, 'wrong', 'signature'], ['in a frame of another site', { crossOrigin: true }, 'wrong', 'origin'],
      ['without the person verified', { verified: false }, 'wrong', 'signature'], ['without the person present', { present: false }, 'wrong', 'signature'],
      ['an attestation that is none', { fmt: 'packed' }, 'wrong', 'signature'], ['a kind of attestation that nobody knows', { fmt: 'unheard-of' }, 'wrong', 'signature'],
    ])('%s is refused, and the trail says why', async (_what, spoiled, rule, reason) => {
      expect(await confirm(spoiled)).toBe(rule);
      expect(await listPasskeys(database.db, 'anna')).toEqual([]);
      expect(await listAudit(database.db, { event: 'passkey.refused' })).toMatchObject([{ outcome: 'refused', reason, object_id: 'anna', actor: { kind: 'person', id: 'anna' }, detail: { setUp: true } }]);
    });

    test('a challenge works in its turn, for five minutes at least and ten at most', async () => {
      expect(await confirm({}, { posted: 'next turn' })).toBe('expired');
      expect(await confirm({}, { now: noon + 299 })).toBe('kept');
      expect(await confirm({}, { now: noon + 600 })).toBe('expired');
    });

    test.each(['', '{', 'null', '[]', '{}', '\u0000', JSON.stringify({ id: 'x', rawId: 'x', type: 'public-key', response: { clientDataJSON: 'e30', attestationObject: 'AA' } }), `{"id":"${'x'.repeat(70_000)}"}`])('%j is no passkey', async (typed) => {
      expect(await confirmPasskey(database.db, holder(), { turn: 'turn', typed })).toMatchObject({ ok: false, rule: typed === '' ? 'required' : 'wrong' });
    });

    test('twenty, and tries are counted', async () => {
      for (let n = 0; n < 20; n += 1) await hasPasskey(database, realm, 'anna', device);
      expect(await confirm()).toBe('limit');
      const rules = await Promise.all(Array.from({ length: 50 }, () => confirmPasskey(database.db, holder('bert'), { turn: 'turn', typed: '{}' })));
      expect(rules.filter((one) => !one.ok && one.rule === 'wrong')).toHaveLength(5);
      // a flood is as many rows as there are guesses
      expect(await listAudit(database.db, { event: 'passkey.refused' })).toHaveLength(5);
    });

    test('what another account began does not open', async () => {
      const made = await confirmPasskey(database.db, holder(), { turn: 'turn', typed: device.make(await creationOptions(database.db, holder(), 'turn')) });
      if (!made.ok) throw new Error(made.rule);
      const warned = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
      expect(await database.transaction((tx) => keepFactor(tx, holder('bert'), made.factor))).toBe(false);
      expect(warned).toHaveBeenCalledTimes(1);
      warned.mockRestore();
      expect(await listPasskeys(database.db, 'bert')).toEqual([]);
    });
  });


  describe('looked after', () => {
    test.each([['O\'Brien-van ’t Hoff', 'O\'Brien-van ’t Hoff'], ['  Mijn   José Åström ', 'Mijn José Åström'], ['Nguye\u0302\u0303n', 'Nguyễn']])('%j is a name', async (typed, name) => {
      const { id } = await hasPasskey(database, realm, 'anna', device);
      await database.transaction((tx) => renamePasskey(tx, holder(), { id, typed }));
      expect(await shownPasskeys(database.db, 'anna')).toMatchObject([{ id, name, createdAt: noon - 86_400 }]);
      expect(await events('passkey.renamed')).toMatchObject([{ object_id: 'anna', detail: { passkey: id } }]);
    });

    test.each([['', 'required'], ['   ', 'required'], ['a\u0000b', 'characters'], ['\u202egnirevo', 'characters'], ['x'.repeat(61), 'long']])('%j is none', async (typed, problem) => {
      const { id } = await hasPasskey(database, realm, 'anna', device);
      await expect(database.transaction((tx) => renamePasskey(tx, holder(), { id, typed }))).rejects.toMatchObject({ code: `passkey.name.${problem}` });
    });

    test('nobody renames or removes one of another; who removes the last one loses the recovery codes', async () => {
      const { id } = await hasPasskey(database, realm, 'anna', device);
      await expect(database.transaction((tx) => renamePasskey(tx, holder('bert'), { id, typed: 'mine' }))).rejects.toMatchObject({ code: 'passkey.gone' });
      await expect(database.transaction((tx) => removePasskey(tx, holder('bert'), id))).rejects.toMatchObject({ code: 'second-factor.none' });
      await database.transaction((tx) => newRecoveryCodes(tx, holder()));
      await database.transaction((tx) => removePasskey(tx, holder(), id));
      expect(await listRecoveryCodes(database.db, 'anna')).toEqual([]);
      expect(await listPasskeys(database.db, 'anna')).toEqual([]);
      expect(await events('factor.removed')).toMatchObject([{ object_id: 'anna', detail: { kind: 'passkey', passkey: id } }]);
      expect((await listOutbox(database.db))[0]?.text).toContain('passkey');
    });

    test('the service desk takes all of them away', async () => {
      await hasPasskey(database, realm, 'anna', device);
      await hasPasskey(database, realm, 'anna', device);
      expect(await database.transaction((tx) => wipeFactors(tx, { realm, accountId: 'anna', now: noon, actor: desk }))).toEqual({ factors: ['passkey'], sessions: 0 });
      expect(await works()).toBe(false);
    });
  });
});
