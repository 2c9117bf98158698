import { describe, expect, test } from '@jest/globals';
import { anAccount } from '../../../test/support/rows.ts';
import { insertLogin, putPassword } from '../../store/accounts.ts';
import { emptyDatabase, exampleRealm, organisationWith, registered } from '../../../test/support/house.ts';
import { authenticate } from './authenticate.ts';
import { HashGate, slotsFor, TooBusy } from './gate.ts';
import { hashPassword } from './hash.ts';

const settings = { memory_kib: 8192, passes: 1, lanes: 1 };

describe('passwords', () => {
  test('are kept as Argon2id with the settings of the realm', async () => {
    expect(await hashPassword('Riet-Oever-Boot-7', settings)).toMatch(/^\$argon2id\$v=19\$m=8192,p=1,t=1\$/);
  });

  test('the same letters typed in another way are the same password (NFC)', async () => {
    const [composed, decomposed] = ['Caf\u00e9-aan-het-water', 'Cafe\u0301-aan-het-water'];
    const database = await emptyDatabase();
    const realm = exampleRealm();
    const { accountId } = await registered(database, realm, await organisationWith(database, realm, '24444001'));
    await insertLogin(database.db, { scope: '', username: 'jan', account_id: accountId });
    await putPassword(database.db, { account_id: accountId, hash: await hashPassword(composed, settings), changed_at: 0, one_time: 0 });
    const login = { scope: '', username: 'jan', password: decomposed };
    expect(await authenticate(database.db, settings, login)).toMatchObject({ accountId });
    expect(await authenticate(database.db, settings, { ...login, password: 'iets anders' })).toBeUndefined();
    expect(await authenticate(database.db, settings, { ...login, username: 'niemand' })).toBeUndefined();
    // other settings since: still right, and to be replaced
    expect((await authenticate(database.db, { ...settings, passes: 2 }, login))?.rehash?.to).toContain('t=2');
    await database.close();
  });

  test('as many hash at once as there are cores, and two threads are left for signing', () => {
    expect([slotsFor(1, 4), slotsFor(2, 4), slotsFor(8, 4), slotsFor(8, 10), slotsFor(4, 1)]).toEqual([1, 2, 2, 8, 1]);
  });

  test('where hashes of other kinds are, refusals come at the same moment, of whatever name', async () => {
    const database = await emptyDatabase();
    await anAccount(database.db, 'jan');
    await insertLogin(database.db, { scope: '', username: 'jan', account_id: 'jan' });
    await putPassword(database.db, { account_id: 'jan', hash: '{SSHA}' + Buffer.alloc(28, 1).toString('base64'), changed_at: 0 });
    for (const username of ['jan', 'nobody']) {
      const start = performance.now();
      expect(await authenticate(database.db, settings, { scope: '', username, password: 'x' })).toBeUndefined();
      expect(performance.now() - start).toBeGreaterThan(480);
    }
    await database.close();
  });

  test('so many hash at once, so many wait, the rest hear that it is busy', async () => {
    const gate = new HashGate(1, 1);
    let finish: () => void = () => undefined;
    const running = gate.run(() => new Promise<void>((resolve) => { finish = resolve; }));
    const waiting = gate.run(async () => 'waited');
    await expect(gate.run(async () => 'too many')).rejects.toBeInstanceOf(TooBusy);
    finish();
    await running;
    expect(await waiting).toBe('waited');
    expect(await gate.run(async () => 'free again')).toBe('free again');
  });
});
