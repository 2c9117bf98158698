import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { dialects, type TestDatabase } from '../../../test/support/databases.ts';
import { desk, exampleRealm, noon, organisationWith, vault } from '../../../test/support/house.ts';
import { fastHash, localAccount } from '../../../test/support/local.ts';
import { findPassword, putPassword } from '../../store/accounts.ts';
import { listAudit } from '../../store/audit.ts';
import type { Database } from '../../store/database.ts';
import { insertFactor } from '../../store/factors.ts';
import { listOutbox } from '../../store/outbox.ts';
import { lockAccount } from '../accounts.ts';
import { changeAtLogin } from './at-login.ts';
import { hashGate } from './gate.ts';
import { verifyHash } from './hash.ts';

const plain = exampleRealm();
const realm = { ...plain, login: { ...plain.login, argon2: fastHash }, password: { ...plain.password, valid_days: 91, history: 2 } };
const [current, chosen] = ['Sluispoort-14-augustus', 'Riet-Oever-Boot-7'];
const day = 86_400;

describe.each(dialects)('CIZ-16 a password changed at the door on $name', ({ open }) => {
  let held: TestDatabase;
  let database: Database;
  beforeEach(async () => {
    held = await open();
    ({ database } = held);
    await localAccount(database, realm, 'anna', await organisationWith(database, realm, '12345678'));
  });
  afterEach(() => held.drop());

  const change = (how: { username?: string; current?: string; chosen?: string; now?: number } = {}) =>
    changeAtLogin({ database, realm, vault, now: how.now ?? noon }, { names: { scope: '', username: how.username ?? 'anna' }, current, chosen, address: '192.0.2.1', ...how });
  const codes = async (how: Parameters<typeof change>[0] = {}) => {
    const outcome = await change(how);
    return outcome.kind === 'refused' ? outcome.problems.map(({ code, field }) => (field === undefined ? code : `${field} ${code}`)) : outcome.kind;
  };
  const hash = async () => (await findPassword(database.db, 'anna'))?.hash ?? '';

  test('puts the new one in place, records it and mails the person', async () => {
    expect(await codes()).toBe('done');
    expect(await verifyHash(await hash(), chosen)).toBe(true);
    expect((await listAudit(database.db, { event: 'password.changed' }))[0]).toMatchObject({ actor: { id: 'anna' }, detail: { reason: 'own' } });
    expect((await listOutbox(database.db))[0]).toMatchObject({ recipient: 'anna@zorg.example', subject: 'Uw wachtwoord is gewijzigd' });
    expect(await codes()).toEqual(['password.wrong']);
  });

  test.each<['one_time' | 'expired', number, 0 | 1]>([['one_time', noon, 1], ['expired', noon - 92 * day, 0]])('also a %s one, and says so in the trail', async (reason, changed_at, one_time) => {
    await putPassword(database.db, { account_id: 'anna', hash: await hash(), changed_at, one_time });
    expect(await codes()).toBe('done');
    expect((await listAudit(database.db, { event: 'password.changed' }))[0]?.detail).toEqual({ reason });
  });

  test('wrong and unknown are one answer, recorded; what is empty or breaks a rule is named', async () => {
    const before = await hash();
    for (const how of [{ current: 'wrong' }, { username: 'nobody' }]) expect(await codes(how)).toEqual(['password.wrong']);
    expect(await codes({ current: '', chosen: '' })).toEqual(['current_password account.password.required', 'new_password new-password.required']);
    expect(await codes({ chosen: 'kort' })).toEqual(['new_password new-password.short']);
    expect(await codes({ chosen: current })).toEqual(['new_password new-password.history']);
    expect(await hash()).toBe(before);
    const rows = (await listAudit(database.db, { event: 'password.change_refused' })).map(({ reason, object_id }) => [reason, object_id]);
    expect(rows).toEqual([['new-password.history', 'anna'], ['new-password.short', 'anna'], ['password.wrong', null], ['password.wrong', null]]);
  });

  test('takes tries as a login does, and the two share them', async () => {
    for (let n = 0; n < 5; n += 1) expect(await codes({ current: 'wrong' })).toEqual(['password.wrong']);
    expect(await codes()).toEqual(['password.wait']);
    expect(await codes({ now: noon + 60 })).toBe('done');
  });

  test('a password alone changes nothing where there is a second factor, nor where the account is shut', async () => {
    const before = await hash();
    await insertFactor(database.db, { id: 'f1', account_id: 'anna', kind: 'totp', secret: 'x', created_at: noon });
    expect(await codes()).toBe('two_steps');
    expect(await codes({ current: 'wrong' })).toEqual(['password.wrong']);
    expect((await listAudit(database.db, { event: 'password.change_refused' })).map(({ reason }) => reason)).toEqual(['password.wrong', 'two_steps']);
    await database.db.deleteFrom('factors').execute();
    await database.transaction((tx) => lockAccount(tx, { accountId: 'anna', actor: desk, now: noon }));
    expect(await codes()).toEqual(['password-change.inactive']);
    expect(await hash()).toBe(before);
  });

  test('of two at once one does; one that was judged by a password of before does not', async () => {
    const both = await Promise.all([codes(), codes({ chosen: 'Boot-Riet-Oever-8' })]);
    expect(both.filter((one) => one === 'done')).toHaveLength(1);
    const now = (await hash());
    const hashing = new Promise<void>((resolve) => { const stop = hashGate.observe(() => { stop(); resolve(); }); });
    const late = codes({ current: both[0] === 'done' ? chosen : 'Boot-Riet-Oever-8', chosen: 'Oever-Boot-Riet-9' });
    await hashing;
    await database.db.updateTable('passwords').set({ hash: `${now}x` }).where('account_id', '=', 'anna').execute();
    expect(await late).toEqual(['password.wrong']);
    expect(await hash()).toBe(`${now}x`);
  });
});
