import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { portalWith } from '../../../test/support/flow.ts';
import { emptyDatabase, exampleRealm, noon } from '../../../test/support/house.ts';
import { aMembership, anAccount, anOrganisation } from '../../../test/support/rows.ts';
import { broken, carryOut, codes, pageOf, problems, submit, type Stage } from '../../../test/support/steps.ts';
import { hashPassword } from '../../domain/passwords/hash.ts';
import { findPassword, insertLogin, putPassword } from '../../store/accounts.ts';
import type { Database } from '../../store/database.ts';
import { password } from './step.ts';

const argon2 = { memory_kib: 8192, passes: 1, lanes: 1 };
const realm = exampleRealm({ portals: [portalWith()], login: { identifiers: ['relation_number', 'username'], argon2 } });
const right = { relation_number: '100231', username: 'jdevries', password: 'Riet-Oever-Boot-7' };
let database: Database;
let stage: Stage;
beforeEach(async () => {
  database = await emptyDatabase();
  await anAccount(database.db, 'jolanda');
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

  test('fifty guesses at once count as fifty; then the right one waits too, and works again when the time is over', async () => {
    const all = await Promise.all(Array.from({ length: 50 }, () => submit(password, stage, { ...right, password: 'wrong' })));
    const said = all.flatMap(codes);
    expect(said.filter((code) => code === 'password.wrong').length).toBeLessThanOrEqual(10);
    expect(said.filter((code) => code === 'password.wait').length).toBeGreaterThanOrEqual(40);
    expect(problems(await submit(password, stage, right))).toEqual([{ code: 'password.wait', params: { minutes: 15 } }]);
    expect((await submit(password, { ...stage, now: noon + 900 }, right)).kind).toBe('pass');
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
    expect(password.secrets).toEqual(['password']);
    expect(password.input.safeParse({ ...right, password: 'x'.repeat(257) }).success).toBe(false);
    expect(password.config.safeParse({}).success).toBe(false);
  });
});
