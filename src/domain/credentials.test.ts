import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { emptyDatabase, exampleRealm, noon } from '../../test/support/house.ts';
import { anAccount } from '../../test/support/rows.ts';
import { passwordPolicySchema } from '../config/accounts.ts';
import { putPassword, updateAccount } from '../store/accounts.ts';
import type { Database } from '../store/database.ts';
import { credentialsOf } from './credentials.ts';

const DAY = 86_400;
const realm = exampleRealm({ password: passwordPolicySchema.parse({ valid_days: 180, notice_days: 30 }) });
let database: Database;
beforeEach(async () => {
  database = await emptyDatabase();
  await anAccount(database.db, 'jolanda');
});
afterEach(() => database.close());

test('nobody has nothing; an account without a password has none', async () => {
  expect(await credentialsOf(database.db, realm, 'nobody')).toBeUndefined();
  expect(await credentialsOf(database.db, realm, 'jolanda')).toEqual({ mustActivate: false, factors: [], recoveryCodes: 0, answers: 0 });
});

test('CAK-4: a password ends after its days, and is told of 30 days before', async () => {
  await putPassword(database.db, { account_id: 'jolanda', hash: 'x', changed_at: noon, one_time: 0 });
  expect((await credentialsOf(database.db, realm, 'jolanda'))?.password).toEqual({ oneTime: false, changedAt: noon, expiresAt: noon + 180 * DAY, noticeFrom: noon + 150 * DAY });
});

test('a password that is valid for ever has no end; a one-time password always has', async () => {
  const plain = exampleRealm();
  await putPassword(database.db, { account_id: 'jolanda', hash: 'x', changed_at: noon, one_time: 0 });
  expect((await credentialsOf(database.db, plain, 'jolanda'))?.password).toEqual({ oneTime: false, changedAt: noon });
  await putPassword(database.db, { account_id: 'jolanda', hash: 'x', changed_at: noon, one_time: 1 });
  expect((await credentialsOf(database.db, plain, 'jolanda'))?.password).toEqual({ oneTime: true, changedAt: noon, expiresAt: noon + 30 * DAY });
});

test('who waits for an activation code must activate', async () => {
  await updateAccount(database.db, 'jolanda', { must_activate: 1 });
  expect((await credentialsOf(database.db, realm, 'jolanda'))?.mustActivate).toBe(true);
});
