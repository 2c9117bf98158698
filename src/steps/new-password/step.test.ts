import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { portalWith } from '../../../test/support/flow.ts';
import { emptyDatabase, exampleRealm, noon } from '../../../test/support/house.ts';
import { anAccount } from '../../../test/support/rows.ts';
import { broken, carryOut, codes, pageOf, problems, submit, type Stage } from '../../../test/support/steps.ts';
import { hashPassword } from '../../domain/passwords/hash.ts';
import { findPassword, insertLogin, putPassword } from '../../store/accounts.ts';
import type { Database } from '../../store/database.ts';
import { newPassword } from './step.ts';

const argon2 = { memory_kib: 8192, passes: 1, lanes: 1 };
const day = 86_400;
const plain = exampleRealm({ login: { identifiers: ['username'], argon2, passkeys: false } });
const flow = { bindings: [{ step: 'new-password', with: {} }], ensure: ['identified', 'password_current'] };
const realm = {
  ...plain, portals: [portalWith()], flows: Object.fromEntries(['main', portalWith().flow].map((id) => [id, flow])),
  password: { ...plain.password, min_length: 12, history: 12, valid_days: 180, notice_days: 30, classes: { of: ['lower', 'upper', 'digit', 'punctuation'] as const, need: 3 } },
} as unknown as typeof plain;
let database: Database;
let stage: Stage;
beforeEach(async () => {
  database = await emptyDatabase();
  await anAccount(database.db, 'jolanda', { given_name: 'Jolanda', family_name: 'O\'Brien-van \'t Hoff', email: 'jolanda@zorg.example' });
  await insertLogin(database.db, { scope: '', username: 'jdevries', account_id: 'jolanda' });
  await putPassword(database.db, { account_id: 'jolanda', hash: await hashPassword('Eenmalig-wachtwoord-1', argon2), changed_at: noon, one_time: 1 });
  stage = { realm, database, journal: [{ binding: 'password', at: noon, proofs: [{ factor: 'password', level: 'low', at: noon }], accountId: 'jolanda' }] };
});
afterEach(() => database.close());

describe('CAK-2, CAK-4 a new password before anything else', () => {
  test('the page says why it is asked, the rules, and the name that it is for', async () => {
    const page = await pageOf(newPassword, stage);
    expect(page).toMatchObject({ because: 'one_time', username: 'jdevries' });
    expect((page['rules'] as { code: string }[]).map(({ code }) => code)).toEqual(['new-password.short', 'new-password.classes', 'new-password.username', 'new-password.history', 'new-password.common']);
    await putPassword(database.db, { account_id: 'jolanda', hash: 'x', changed_at: noon - 181 * day, one_time: 0 });
    expect(await pageOf(newPassword, stage)).toMatchObject({ because: 'expired' });
  });

  test('one that keeps the rules makes the password current, and no end is near', async () => {
    const facts = await carryOut(await submit(newPassword, stage, { new_password: 'Riet-Oever-Boot-7' }), stage);
    expect(broken(newPassword, stage, facts)).toEqual([]);
    expect(await findPassword(database.db, 'jolanda')).toMatchObject({ one_time: 0, changed_at: noon });
    const [row] = await database.db.selectFrom('audit').select(['event', 'actor', 'detail', 'run_id']).where('event', '=', 'password.changed').execute();
    expect(row).toMatchObject({ run_id: 'run', detail: '{"reason":"one_time"}' });
    expect(JSON.stringify(await database.db.selectFrom('audit').selectAll().execute())).not.toContain('Boot');
  });

  test('CAK-6 every rule that is broken is named, at the field', async () => {
    expect(problems(await submit(newPassword, stage, { new_password: 'jdevries' }))).toMatchObject([
      { field: 'new_password', code: 'new-password.short', params: { min: 12 } }, { field: 'new_password', code: 'new-password.classes' }, { field: 'new_password', code: 'new-password.username' },
    ]);
    expect(codes(await submit(newPassword, stage, { new_password: 'Eenmalig-wachtwoord-1' }))).toEqual(['new-password.same']);
  });

  test.each([
    ['nothing', {}, 'new-password.required'], ['a megabyte', { new_password: 'x'.repeat(1_000_000) }, 'new-password.long'],
    ['a NUL', { new_password: 'Riet-Oever\u0000Boot-7' }, 'new-password.characters'], ['half a character', { new_password: 'Riet-Oever\udc00Boot-7' }, 'new-password.characters'],
    ['writing from right to left', { new_password: 'Riet-Oever\u202eBoot-7' }, 'new-password.characters'],
  ])('%s is refused by name', async (_, fields, code) => {
    expect(codes(await submit(newPassword, stage, fields))).toEqual([code]);
  });

  test('an account that was deleted in the meantime gets no password', async () => {
    expect((await submit(newPassword, { ...stage, journal: [] }, { new_password: 'Riet-Oever-Boot-7' })).kind).toBe('ask');
  });

  test('what is typed is a secret', () => expect(newPassword.secrets).toEqual(['new_password']));
});
