import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { portalWith } from '../../test/support/flow.ts';
import { desk, emptyDatabase, exampleRealm, noon, organisationWith } from '../../test/support/house.ts';
import { localAccount } from '../../test/support/local.ts';
import { findAccount, updateAccount } from '../store/accounts.ts';
import { listAudit } from '../store/audit.ts';
import { activationCodes } from '../store/codes.ts';
import type { Database } from '../store/database.ts';
import { claimMessages, listOutbox, markFailed } from '../store/outbox.ts';
import { activationOf, checkActivation, issueActivation, redeemActivation, type Activation } from './activation.ts';

const realm = exampleRealm({ portals: [portalWith()] });
const address = ['Postbus 123', '1234 AB  Voorbeeldstad'];
let database: Database;

beforeEach(async () => {
  database = await emptyDatabase();
  const organisation = await organisationWith(database, realm, '10000001');
  for (const id of ['anna', 'bert']) await localAccount(database, realm, id, organisation);
});
afterEach(() => database.close());

const issue = (changes: Partial<Activation> = {}) => database.transaction((tx) => issueActivation(tx, { realm, accountId: 'anna', channel: 'mail', actor: desk, now: noon, ...changes }));
const check = (typed: string, accountId = 'anna', now = noon) => checkActivation(database.db, { accountId, typed, now });
const redeem = (codeId: string, accountId = 'anna', now = noon) => database.transaction((tx) => redeemActivation(tx, { codeId, accountId, now }));
const status = async (now = noon) => activationOf(database.db, (await findAccount(database.db, 'anna'))!, now);

async function rightCode(): Promise<string> {
  const checked = await check((await issue()).code);
  if (!checked.ok) throw new Error(checked.code);
  return checked.codeId;
}

describe('CAK-3 sending an activation code', () => {
  test('by mail, in a message of its own; the account waits, and the code is kept as a hash', async () => {
    const { code, expiresAt, reference } = await issue();
    expect(expiresAt).toBe(noon + realm.ttl.activation_code);
    const [mail] = await listOutbox(database.db);
    expect(mail).toMatchObject({ channel: 'mail', recipient: 'anna@zorg.example', code, subject: 'Uw activatiecode voor Portaal', text: expect.stringContaining(reference) });
    expect(mail?.text).toContain('22 december 2026 om 13:00 uur');
    expect((await findAccount(database.db, 'anna'))?.must_activate).toBe(1);
    const kept = JSON.stringify([await database.db.selectFrom('activation_codes').selectAll().execute(), await listAudit(database.db)]);
    expect(kept).toContain('activation.issued');
    expect(kept).not.toContain(code);
  });

  test('by letter: an address block, the code in groups, what to do and whom to call, and nothing from elsewhere', async () => {
    await updateAccount(database.db, 'anna', { family_name: '<b>Vries' });
    const { code } = await issue({ channel: 'letter', address });
    const [letter] = await listOutbox(database.db);
    expect(letter).toMatchObject({ channel: 'letter', code, recipient: 'Gemeente 10000001, T.a.v. mevrouw Anna de <b>Vries, Postbus 123, 1234 AB  Voorbeeldstad' });
    expect(letter?.text).toContain(`aan:\n\n${code}\n\n`);
    expect(letter?.html).toContain('Geachte mevrouw De &lt;b&gt;Vries,');
    expect(letter?.html).toContain(`<span class="code">${code}</span>`);
    expect(letter?.html).toContain('030 000 00 00');
    expect(letter?.html).not.toMatch(/<b>|<script|src=|@import/);
  });

  test.each([
    ['no line', []], ['only spaces', ['  ']], ['too many', Array.from({ length: 6 }, () => 'x')], ['too long', ['x'.repeat(61)]],
    ['a mark that turns the direction', ['Straat \u202e1']], ['a control character', ['Straat\u0000']],
  ])('a letter needs an address that can be printed: %s', async (_, lines) => {
    await expect(issue({ channel: 'letter', address: lines })).rejects.toMatchObject({ code: 'letter.address' });
    expect(await listOutbox(database.db)).toEqual([]);
    expect(await status()).toBeUndefined();
  });

  test('not without an e-mail address, for an account that is locked or has no password, or for who is in already', async () => {
    await updateAccount(database.db, 'bert', { email: null });
    await expect(issue({ accountId: 'bert' })).rejects.toMatchObject({ code: 'activation.no_email' });
    await updateAccount(database.db, 'bert', { status: 'locked' });
    await expect(issue({ accountId: 'bert' })).rejects.toMatchObject({ code: 'activation.no_account', params: { status: 'locked' } });
    await expect(issue({ accountId: 'nobody' })).rejects.toMatchObject({ code: 'activation.no_account' });
    await redeem(await rightCode());
    await expect(issue()).rejects.toMatchObject({ code: 'activation.done' });
    await updateAccount(database.db, 'bert', { status: 'active', email: 'bert@zorg.example', last_login_at: noon });
    await expect(issue({ accountId: 'bert' })).rejects.toMatchObject({ code: 'activation.done' });
  });

  test('a new one kills the old, and takes its message back when nobody sent it yet', async () => {
    const old = await issue({ channel: 'letter', address });
    const fresh = await issue();
    expect((await listOutbox(database.db)).map(({ channel }) => channel)).toEqual(['mail']);
    expect(await check(old.code)).toMatchObject({ ok: false, code: 'wrong' });
    expect(await check(fresh.code)).toMatchObject({ ok: true });
  });
});

describe('CAK-3 using an activation code', () => {
  test('once, also for two at once, and then it says so', async () => {
    const { code } = await issue();
    const checked = await check(code.toLowerCase().replaceAll('-', ' '));
    if (!checked.ok) throw new Error(checked.code);
    expect((await Promise.all([redeem(checked.codeId), redeem(checked.codeId)])).toSorted()).toEqual([false, true]);
    expect(await check(code)).toEqual({ ok: false, code: 'used', left: 0 });
    expect(await status()).toMatchObject({ state: 'activated' });
    expect(await listAudit(database.db, { event: 'activation.used' })).toMatchObject([{ object_id: 'anna' }]);
  });

  test('fifty guesses at once count as fifty', async () => {
    const { code } = await issue();
    const answers = await Promise.all([...Array.from({ length: 49 }, (_, n) => check(`GUESS${n}`)), check(code)]);
    expect(answers.filter((answer) => answer.ok)).toHaveLength(0);
    expect(await status()).toMatchObject({ state: 'dead', code: { triesLeft: 0 } });
  });

  test('not somebody else\'s, not an expired one, not one that was replaced in the meantime, not on a locked account', async () => {
    const { code, expiresAt } = await issue();
    await issue({ accountId: 'bert' });
    expect(await check(code, 'bert')).toMatchObject({ ok: false, code: 'wrong' });
    expect(await check(code, 'anna', expiresAt)).toEqual({ ok: false, code: 'expired', left: 0 });
    const old = await rightCode();
    expect(await redeem(old, 'bert')).toBe(false);
    await issue();
    expect(await redeem(old)).toBe(false);
    const fresh = await rightCode();
    await updateAccount(database.db, 'anna', { status: 'locked' });
    expect(await redeem(fresh)).toBe(false);
    expect((await activationCodes.latest(database.db, 'anna'))?.closed_at).toBeNull();
  });
});

test('the desk sees how far somebody is, and that the message was refused for good', async () => {
  expect(await status()).toBeUndefined();
  await updateAccount(database.db, 'anna', { must_activate: 1 });
  expect(await status()).toEqual({ state: 'none' });
  await issue();
  await check('WRONG');
  expect(await status()).toMatchObject({ state: 'waiting', code: { channel: 'mail', sentAt: noon, triesLeft: 4 }, message: { state: 'waiting', error: null } });
  expect(await status(noon + realm.ttl.activation_code)).toMatchObject({ state: 'expired' });
  const [message] = await claimMessages(database, 1, noon);
  await markFailed(database.db, message!.id, 'smtp 550', null);
  expect(await status()).toMatchObject({ message: { id: message!.id, state: 'failed', error: 'smtp 550' } });
});
