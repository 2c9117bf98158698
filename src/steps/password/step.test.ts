import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { portalWith } from '../../../test/support/flow.ts';
import { emptyDatabase, exampleRealm, noon, vault } from '../../../test/support/house.ts';
import { aMembership, anAccount, anOrganisation } from '../../../test/support/rows.ts';
import { broken, carryOut, codes, pageOf, problems, submit, type Stage } from '../../../test/support/steps.ts';
import { markBrowser } from '../../domain/known-browser.ts';
import { hashPassword } from '../../domain/passwords/hash.ts';
import { findPassword, insertLogin, putPassword } from '../../store/accounts.ts';
import type { Database } from '../../store/database.ts';
import { password } from './step.ts';

const argon2 = { memory_kib: 8192, passes: 1, lanes: 1 };
const realm = exampleRealm({ portals: [portalWith()], login: { identifiers: ['relation_number', 'username'], argon2, passkeys: false } });
const right = { relation_number: '100231', username: 'jdevries', password: 'Riet-Oever-Boot-7' };
let database: Database;
let stage: Stage;
beforeEach(async () => {
  database = await emptyDatabase();
  await anAccount(database.db, 'jolanda', { email: 'jolanda@zorg.example' });
  await anOrganisation(database.db, 'rietoever', { relation_number: '100231' });
  await aMembership(database.db, 'm1', 'jolanda', 'rietoever', { status: 'active' });
  await insertLogin(database.db, { scope: '100231', username: 'jdevries', account_id: 'jolanda' });
  await putPassword(database.db, { account_id: 'jolanda', hash: await hashPassword(right.password, argon2), changed_at: noon, one_time: 0 });
  stage = { realm, database, config: { level: 'low' } };
});
afterEach(() => database.close());

describe('CAK-1 login name and password', () => {
  test('the page asks what the realm asks', async () => {
    expect(await pageOf(password, stage)).toEqual({ identifiers: ['relation_number', 'username'] });
  });

  test('the right ones prove the level of the binding, for the organisation of the number typed', async () => {
    const outcome = await submit(password, stage, right);
    expect(outcome).toMatchObject({ kind: 'pass', accountId: 'jolanda', organisationId: 'rietoever', proofs: [{ factor: 'password', level: 'low', at: noon }] });
    const facts = await carryOut(outcome, stage);
    expect(broken(password, stage, facts)).toEqual([]);
    expect(facts).toMatchObject({ level: 0, account: { active: true }, membership: { status: 'active' } });
    expect(password.model({ level: 'low' }, realm).reaches).toBe('low');
  });

  test.each([
    ['the name with spaces round it and capitals', { username: ' JDeVries ' }], ['the number with spaces, dots and hyphens', { relation_number: ' 100 2-3.1 ' }],
  ])('%s is the same login', async (_, fields) => {
    expect((await submit(password, stage, { ...right, ...fields })).kind).toBe('pass');
  });

  test.each([
    ['a wrong password', { password: 'wrong' }], ['an unknown name', { username: 'nobody' }], ['another organisation\'s number', { relation_number: '100244' }],
    ['spaces round the password', { password: ` ${right.password} ` }], ['another case', { password: right.password.toUpperCase() }],
  ])('%s has the one answer of every failure', async (_, fields) => {
    expect(problems(await submit(password, stage, { ...right, ...fields }))).toEqual([{ code: 'password.wrong' }]);
  });

  test('what is left empty is named, field by field, and costs no try', async () => {
    expect(codes(await submit(password, stage))).toEqual(['password.relation_number.required', 'password.username.required', 'password.password.required']);
    expect(problems(await submit(password, stage, { ...right, username: '  ' }))).toEqual([{ field: 'username', code: 'password.username.required' }]);
    expect(await database.db.selectFrom('counters').selectAll().execute()).toEqual([]);
  });

  test('a realm that asks no number does not miss it', async () => {
    await insertLogin(database.db, { scope: '', username: 'jolanda', account_id: 'jolanda' });
    const plain = { ...stage, realm: { ...realm, login: { ...realm.login, identifiers: ['username' as const] } } };
    expect(await submit(password, plain, { username: 'jolanda', password: right.password })).toMatchObject({ kind: 'pass', organisationId: 'rietoever' });
  });

  test('of fifty guesses at once five are judged; then the right one waits too, and works again when the time is over', async () => {
    const all = await Promise.all(Array.from({ length: 50 }, () => submit(password, stage, { ...right, password: 'wrong' })));
    const said = all.flatMap(codes);
    expect(said.filter((code) => code === 'password.wrong')).toHaveLength(5);
    expect(said.filter((code) => code === 'password.wait')).toHaveLength(45);
    expect(problems(await submit(password, stage, right))).toEqual([{ code: 'password.wait', params: { minutes: 1 } }]);
    expect((await submit(password, { ...stage, now: noon + 60 }, right)).kind).toBe('pass');
  });

  test('a name that nobody has waits just the same', async () => {
    for (let n = 0; n < 5; n += 1) expect(codes(await submit(password, stage, { ...right, username: 'nobody' }))).toEqual(['password.wrong']);
    expect(problems(await submit(password, stage, { ...right, username: 'NOBODY' }))).toEqual([{ code: 'password.wait', params: { minutes: 1 } }]);
  });

  test('the wait grows to a quarter of an hour and no further; the owner is told once, and nobody else', async () => {
    let now = noon;
    const guess = async (username: string): Promise<number> => {
      for (;;) {
        const [problem] = problems(await submit(password, { ...stage, now }, { ...right, username, password: 'wrong' }));
        if (problem?.code === 'password.wrong') return Number(problems(await submit(password, { ...stage, now }, { ...right, username, password: 'wrong' }))[0]?.params?.['minutes'] ?? 0);
        now += 60 * Number(problem?.params?.['minutes']);
      }
    };
    const waits: number[] = [];
    for (let n = 0; n < 10; n += 1) waits.push(await guess('jdevries'));
    expect(waits).toContain(15);
    expect(Math.max(...waits)).toBe(15);
    for (let n = 0; n < 10; n += 1) await guess('nobody');
    const mails = await database.db.selectFrom('outbox').select('recipient').execute();
    expect(mails).toEqual([{ recipient: 'jolanda@zorg.example' }]);
    expect(await database.db.selectFrom('audit').select(['event', 'object_id']).where('event', '=', 'password.guessed').execute()).toEqual([{ event: 'password.guessed', object_id: 'jolanda' }]);
    expect((await submit(password, { ...stage, now: now + 900 }, right)).kind).toBe('pass');
  });

  test('nobody is kept out of a browser that they logged in with before', async () => {
    const browser = markBrowser(vault, 'jolanda');
    for (let n = 0; n < 6; n += 1) await submit(password, stage, { ...right, password: 'wrong' });
    expect((await submit(password, { ...stage, remembered: { browser } }, right)).kind).toBe('pass');
    for (const other of [markBrowser(vault, 'somebody'), 'v1.a.b', '']) {
      expect(codes(await submit(password, { ...stage, remembered: { browser: other } }, right))).toEqual(['password.wait']);
    }
  });

  test('a one-time password works for as long as the realm says, and then says that it is over to who has it', async () => {
    await putPassword(database.db, { account_id: 'jolanda', hash: await hashPassword(right.password, argon2), changed_at: noon - 30 * 86_400, one_time: 1 });
    expect((await submit(password, { ...stage, now: noon - 1 }, right)).kind).toBe('pass');
    expect(codes(await submit(password, stage, right))).toEqual(['password.one_time_expired']);
    expect(codes(await submit(password, stage, { ...right, password: 'wrong' }))).toEqual(['password.wrong']);
  });

  test('names are compared whole, whatever the case and however their accents are typed', async () => {
    for (const [index, name] of ['o\'brien-van \'t hoff', 'josé.åström', 'nguyễn'].entries()) {
      await anAccount(database.db, `person-${index}`);
      await insertLogin(database.db, { scope: '100231', username: name, account_id: `person-${index}` });
      await putPassword(database.db, { account_id: `person-${index}`, hash: await hashPassword(right.password, argon2), changed_at: noon });
      for (const typed of [name, name.normalize('NFD'), name.toUpperCase()]) expect(await submit(password, stage, { ...right, username: typed })).toMatchObject({ accountId: `person-${index}` });
    }
  });

  test('a realm may ask an e-mail address, alone or besides', async () => {
    const asking = (...identifiers: ('relation_number' | 'username' | 'email')[]) => ({ ...stage, realm: { ...realm, login: { ...realm.login, identifiers } } });
    const typed = { email: ' Jolanda@Zorg.Example ', password: right.password };
    expect(await submit(password, asking('email'), typed)).toMatchObject({ kind: 'pass', accountId: 'jolanda', organisationId: 'rietoever' });
    expect((await submit(password, asking('relation_number', 'email'), { ...typed, relation_number: '100231' })).kind).toBe('pass');
    expect(codes(await submit(password, asking('relation_number', 'email'), { ...typed, relation_number: '100244' }))).toEqual(['password.wrong']);
    expect((await submit(password, asking('relation_number', 'username', 'email'), { ...typed, ...right })).kind).toBe('pass');
    expect(codes(await submit(password, asking('relation_number', 'username', 'email'), { ...right, email: 'other@zorg.example' }))).toEqual(['password.wrong']);
    expect(codes(await submit(password, asking('email')))).toEqual(['password.email.required', 'password.password.required']);
    await anAccount(database.db, 'twin', { email: 'jolanda@zorg.example' });
    expect(codes(await submit(password, asking('email'), typed))).toEqual(['password.wrong']);
  });

  test('a hash with old settings is replaced at the next right login, and not before the turn is kept', async () => {
    const newer = { ...stage, realm: { ...realm, login: { ...realm.login, argon2: { ...argon2, passes: 2 } } } };
    const before = await findPassword(database.db, 'jolanda');
    const outcome = await submit(password, newer, right);
    expect(await findPassword(database.db, 'jolanda')).toEqual(before);
    await carryOut(outcome, newer);
    expect((await findPassword(database.db, 'jolanda'))?.hash).toContain('t=2');
    expect((await submit(password, newer, right)).kind).toBe('pass');
  });

  test('the password is a secret of the form, and its field has an end', () => {
    expect(password.secrets).toEqual(['password', 'credential']);
    expect(password.input.safeParse({ ...right, password: 'x'.repeat(513) }).success).toBe(false);
    for (const text of ['a\u0000', 'a\ud800', 'x'.repeat(1_000_000)]) expect(password.input.safeParse({ ...right, username: text }).success).toBe(false);
    expect(password.config.safeParse({}).success).toBe(false);
  });
});
