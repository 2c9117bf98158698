import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { portalWith } from '../../../test/support/flow.ts';
import { emptyDatabase, exampleRealm, noon } from '../../../test/support/house.ts';
import { anAccount } from '../../../test/support/rows.ts';
import { carryOut, codes, runOf, submit, type Stage } from '../../../test/support/steps.ts';
import { hashPassword } from '../../domain/passwords/hash.ts';
import { holds } from '../../flow/predicates.ts';
import { findPassword, putPassword } from '../../store/accounts.ts';
import type { Database } from '../../store/database.ts';
import { passwordNotice } from './step.ts';

const argon2 = { memory_kib: 8192, passes: 1, lanes: 1 };
const day = 86_400;
const plain = exampleRealm({ login: { identifiers: ['username'], argon2, passkeys: false } });
const flow = { bindings: [{ step: 'password-notice', with: {}, when: ['password_expiring'] }], ensure: ['identified'] };
const realm = { ...plain, portals: [portalWith()], flows: { [portalWith().flow]: flow }, password: { ...plain.password, valid_days: 180, notice_days: 30 } };
const before = noon - 168 * day - day / 2;
let database: Database;
let stage: Stage;
beforeEach(async () => {
  database = await emptyDatabase();
  await anAccount(database.db, 'jolanda');
  await putPassword(database.db, { account_id: 'jolanda', hash: await hashPassword('Riet-Oever-Boot-6', argon2), changed_at: before, one_time: 0 });
  stage = { realm, database, journal: [{ binding: 'password', at: noon, proofs: [{ factor: 'password', level: 'low', at: noon }], accountId: 'jolanda' }] };
});
afterEach(() => database.close());

const pageIn = async (state?: { choosing: boolean }, now = noon): Promise<unknown> => passwordNotice.page({ ...await runOf({ ...stage, now }), state });
const choose = async (fields: Record<string, string>): ReturnType<typeof submit> => passwordNotice.submit({ ...await runOf(stage), state: { choosing: true } }, passwordNotice.input.parse(fields));

describe('CAK-4 a password that ends soon', () => {
  test('the page says in how many days; a day that has begun counts', async () => {
    expect(await pageIn()).toMatchObject({ days: 12, choosing: false });
    expect(await pageIn(undefined, before + 180 * day - 60)).toMatchObject({ days: 1 });
  });

  test('no leads on, and changes nothing', async () => {
    expect(await submit(passwordNotice, stage, { action: 'no' })).toEqual({ kind: 'pass' });
    expect(await choose({ action: 'no', new_password: 'Riet-Oever-Boot-7' })).toEqual({ kind: 'pass' });
    expect(await findPassword(database.db, 'jolanda')).toMatchObject({ changed_at: before });
  });

  test('yes asks the new one on the same page, and then it is a new one', async () => {
    expect(await submit(passwordNotice, stage, { action: 'yes' })).toEqual({ kind: 'ask', state: { choosing: true } });
    expect(await pageIn({ choosing: true })).toMatchObject({ choosing: true, rules: expect.arrayContaining([{ code: 'new-password.common' }]) });
    expect(codes(await choose({ new_password: 'kort' }))).toEqual(['new-password.short']);
    const facts = await carryOut(await choose({ new_password: 'Riet-Oever-Boot-7' }), stage);
    expect(holds('password_current', facts)).toBe(true);
    expect(holds('password_expiring', facts)).toBe(false);
  });

  test('a password that nobody asked for is not taken; neither answer is asked again', async () => {
    expect(codes(await submit(passwordNotice, stage, { new_password: 'Riet-Oever-Boot-7' }))).toEqual(['password-notice.required']);
    expect(codes(await submit(passwordNotice, stage, { action: 'x'.repeat(1_000_000) }))).toEqual(['password-notice.required']);
    expect(codes(await choose({}))).toEqual(['new-password.required']);
  });
});
