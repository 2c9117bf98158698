import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { begin, name, realmWith, stepsOf, tiny, whereIs, type Walk } from '../../../test/support/flow.ts';
import { desk, emptyDatabase, noon } from '../../../test/support/house.ts';
import { anAccount } from '../../../test/support/rows.ts';
import { insertLogin, putPassword } from '../../store/accounts.ts';
import type { Database } from '../../store/database.ts';
import { forgetSecret, listOutbox } from '../../store/outbox.ts';
import { insertFactor } from '../../store/factors.ts';
import { removeFactor, wipeFactors } from '../factors/enrol.ts';
import { newOneTimePassword, setOneTimePassword } from './one-time.ts';

const argon2 = { memory_kib: 8192, passes: 1, lanes: 1 };
const plain = realmWith(['name', 'code'], {});
const realm = { ...plain, login: { ...plain.login, argon2 } };
let database: Database;
let run: Walk;
beforeEach(async () => {
  database = await emptyDatabase();
  await anAccount(database.db, 'jolanda', { email: 'jolanda@zorg.example' });
  await anAccount(database.db, 'petra');
  await insertLogin(database.db, { scope: '100231', username: 'jdevries', account_id: 'jolanda' });
  await putPassword(database.db, { account_id: 'jolanda', hash: 'old', changed_at: 5, one_time: 0 });
  run = await begin({ realm, steps: stepsOf(name, tiny('code')), database });
});
afterEach(() => database.close());

async function reset(): Promise<string> {
  const oneTime = await newOneTimePassword(realm);
  await database.transaction((tx) => setOneTimePassword(tx, realm, { accountId: 'jolanda', oneTime, actor: desk, now: noon }));
  return oneTime.plain;
}

describe('CAK-2 a one-time password of the service desk', () => {
  test('who is half way with the old one begins anew, also with a page that was open', async () => {
    await run.post({ account: 'jolanda' });
    const open = await run.show();
    expect(whereIs(open)).toBe('code');
    await reset();
    expect((await run.post({}, { binding: 'code', version: open.kind === 'page' ? open.version : 0 })).kind).toBe('stale');
    expect(whereIs(await run.show())).toBe('name');
    expect((await run.engine.look('run'))?.facts.proofs).toEqual([]);
  });

  test('so does who is half way when the second factors are taken away', async () => {
    await insertFactor(database.db, { id: 'f', account_id: 'jolanda', kind: 'totp', secret: 'sealed', created_at: noon });
    await run.post({ account: 'jolanda' });
    await database.transaction((tx) => wipeFactors(tx, { realm, accountId: 'jolanda', actor: desk, now: noon }));
    expect(whereIs(await run.show())).toBe('name');
  });

  test('and when they remove a factor of their own', async () => {
    await insertFactor(database.db, { id: 'f', account_id: 'jolanda', kind: 'totp', secret: 'sealed', created_at: noon });
    await run.post({ account: 'jolanda' });
    await database.transaction((tx) => removeFactor(tx, { realm, accountId: 'jolanda', now: noon }, 'totp'));
    expect(whereIs(await run.show())).toBe('name');
  });

  test('somebody else goes on', async () => {
    await run.post({ account: 'petra' });
    await reset();
    expect(whereIs(await run.show())).toBe('code');
  });

  test('the mail with the password is kept no longer than until it was sent', async () => {
    const password = await reset();
    const [mail] = await listOutbox(database.db, { to: 'jolanda@zorg.example', limit: 1 });
    expect(mail?.text).toContain(password);
    await database.transaction((tx) => forgetSecret(tx, mail?.id ?? ''));
    expect(JSON.stringify(await database.db.selectFrom('outbox').selectAll().execute())).not.toContain(password);
  });
});
