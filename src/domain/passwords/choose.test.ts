import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { desk, emptyDatabase, exampleRealm, noon } from '../../../test/support/house.ts';
import { anAccount } from '../../../test/support/rows.ts';
import { findPassword, insertLogin, putPassword } from '../../store/accounts.ts';
import type { Database } from '../../store/database.ts';
import { listPasswordHistory } from '../../store/password-history.ts';
import { choosePassword, type PasswordChoice } from './choose.ts';
import { hashPassword, verifyHash } from './hash.ts';
import { newOneTimePassword, setOneTimePassword } from './one-time.ts';

const argon2 = { memory_kib: 8192, passes: 1, lanes: 1 };
const plain = exampleRealm();
const realm = { ...plain, login: { ...plain.login, argon2 }, password: { ...plain.password, history: 3 } };
const person = { kind: 'person' as const, id: 'jolanda' };
let database: Database;
beforeEach(async () => {
  database = await emptyDatabase();
  await anAccount(database.db, 'jolanda', { given_name: 'Jolanda', family_name: 'de Vries', email: 'jolanda@zorg.example' });
  await insertLogin(database.db, { scope: '100231', username: 'jdevries', account_id: 'jolanda' });
  await putPassword(database.db, { account_id: 'jolanda', hash: await hashPassword('Riet-Oever-Boot-0', argon2), changed_at: 5, one_time: 0 });
});
afterEach(() => database.close());

async function choose(chosen: string, changes: Partial<PasswordChoice> = {}): Promise<string[]> {
  const outcome = await choosePassword(database.db, realm, { accountId: 'jolanda', chosen, reason: 'own', actor: person, now: noon, ...changes });
  if ('problems' in outcome) return outcome.problems.map(({ code }) => code);
  await database.transaction(outcome.commit);
  return [];
}

const events = async (): Promise<string[]> => (await database.db.selectFrom('audit').select('event').orderBy('seq').execute()).map(({ event }) => event);
const mails = (): Promise<{ recipient: string; subject: string; text: string }[]> => database.db.selectFrom('outbox').select(['recipient', 'subject', 'text']).execute();

describe('CAK-5, CAK-6 choosing a password', () => {
  test('puts it in the place of the old one, records it, and mails the person', async () => {
    expect(await choose('Riet-Oever-Boot-1')).toEqual([]);
    const row = await findPassword(database.db, 'jolanda');
    expect(row).toMatchObject({ changed_at: noon, one_time: 0 });
    expect(await verifyHash(row?.hash ?? '', 'Riet-Oever-Boot-1')).toBe(true);
    expect(await events()).toEqual(['password.changed']);
    expect(await mails()).toMatchObject([{ recipient: 'jolanda@zorg.example', subject: 'Uw wachtwoord is gewijzigd' }]);
  });

  test('the last ones do not come back, the present one included; older ones may, and are forgotten', async () => {
    expect(await choose('Riet-Oever-Boot-0')).toEqual(['new-password.history']);
    for (const number of [1, 2, 3]) expect(await choose(`Riet-Oever-Boot-${number}`, { now: noon + number })).toEqual([]);
    expect(await choose('Riet-Oever-Boot-1')).toEqual(['new-password.history']);
    expect(await listPasswordHistory(database.db, 'jolanda', 9)).toHaveLength(2);
    expect(await choose('Riet-Oever-Boot-0')).toEqual([]);
  });

  test('every rule is named at once, the history too, and nothing is written', async () => {
    await putPassword(database.db, { account_id: 'jolanda', hash: await hashPassword('jdevries', argon2), changed_at: 5 });
    expect(await choose('jdevries')).toEqual(['new-password.short', 'new-password.username', 'new-password.history']);
    expect(await events()).toEqual([]);
  });

  test('fifty at once are twenty tries, and it goes on later', async () => {
    const all = (await Promise.all(Array.from({ length: 50 }, () => choose('kort')))).flat();
    expect(all.filter((code) => code === 'new-password.wait')).toHaveLength(30);
    expect(await choose('Riet-Oever-Boot-1', { now: noon + 900 })).toEqual([]);
  });

  test.each(['', '\u0000', '\ud800', 'x'.repeat(1_000_000)])('nothing, nonsense and a megabyte are refused by name', async (chosen) => {
    expect((await choose(chosen)).length).toBeGreaterThan(0);
  });

  test('an account that is gone meanwhile changes nothing', async () => {
    expect(await choose('Riet-Oever-Boot-1', { accountId: 'nobody' })).toEqual(['new-password.required']);
  });
});

describe('CAK-2 a one-time password', () => {
  const issue = async (now = noon): Promise<{ plain: string; mailed: boolean }> => {
    const oneTime = await newOneTimePassword(realm);
    return { plain: oneTime.plain, ...await database.transaction((tx) => setOneTimePassword(tx, realm, { accountId: 'jolanda', oneTime, message: 'account_created', actor: desk, now })) };
  };

  test('is mailed with relation number and user name, and replaces what was there', async () => {
    const { plain: password, mailed } = await issue();
    expect(password).toMatch(/^(\w{4}-){3}\w{4}$/);
    expect(mailed).toBe(true);
    const [mail] = await mails();
    expect(mail?.text).toContain(`Relatienummer: 100231\nGebruikersnaam: jdevries\nEenmalig wachtwoord: ${password}\n`);
    expect(await findPassword(database.db, 'jolanda')).toMatchObject({ one_time: 1, changed_at: noon });
    expect(await events()).toEqual(['password.issued']);
  });

  test('it cannot be kept, and the own one before it stays among the last ones', async () => {
    const { plain: password } = await issue();
    expect(await choose(password)).toEqual(['new-password.same']);
    expect(await choose('Riet-Oever-Boot-0')).toEqual(['new-password.history']);
    expect(await choose('Riet-Oever-Boot-1', { reason: 'one_time' })).toEqual([]);
    expect(await findPassword(database.db, 'jolanda')).toMatchObject({ one_time: 0 });
  });

  test('somebody who logs in through a broker gets none', async () => {
    await anAccount(database.db, 'broker');
    const oneTime = await newOneTimePassword(realm);
    await expect(database.transaction((tx) => setOneTimePassword(tx, realm, { accountId: 'broker', oneTime, actor: desk, now: noon }))).rejects.toMatchObject({ code: 'user.no_login' });
  });
});
