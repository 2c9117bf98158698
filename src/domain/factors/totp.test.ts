import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { generateSync } from 'otplib';
import { desk, emptyDatabase, exampleRealm, noon, vault } from '../../../test/support/house.ts';
import { anAccount } from '../../../test/support/rows.ts';
import { insertLogin } from '../../store/accounts.ts';
import { listAudit } from '../../store/audit.ts';
import type { Database } from '../../store/database.ts';
import { findFactor, useStep } from '../../store/factors.ts';
import { listOutbox } from '../../store/outbox.ts';
import { createVault } from '../vault.ts';
import { keepFactor, listFactors, wipeFactors } from './enrol.ts';
import type { Checked, Holder } from './holder.ts';
import { beginTotp, checkTotp, confirmTotp, sealTotp, showTotp } from './totp.ts';

const realm = exampleRealm();
const secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP';
const anna: Holder = { realm, vault, accountId: 'anna', now: noon };
const later = (seconds: number, holder = anna): Holder => ({ ...holder, now: noon + seconds });
const codeAt = (seconds: number, of = secret): string => generateSync({ secret: of, epoch: noon + seconds });
let database: Database;
beforeEach(async () => {
  database = await emptyDatabase();
  for (const id of ['anna', 'bert']) await anAccount(database.db, id, { email: `${id}@voorbeeld.example` });
});
afterEach(() => database.close());

const enrol = (holder = anna): Promise<boolean> => database.transaction((tx) => keepFactor(tx, holder, { kind: 'totp', secret: sealTotp(holder, secret) }));
const check = (typed: string, holder = anna): Promise<Checked> => checkTotp(database.db, holder, typed);
const ruleOf = async (typed: string, holder = anna): Promise<string> => {
  const checked = await check(typed, holder);
  return checked.ok ? 'right' : checked.rule;
};
/** What the owner was told of guesses. */
const warnings = async () => (await listOutbox(database.db)).map((mail) => mail.subject).filter((subject) => subject.includes('verkeerde'));
const use = async (checked: Checked): Promise<boolean> => checked.ok && database.transaction(checked.keep);

describe('CAK-8 setting up an authenticator app', () => {
  test('the secret has 160 bits, another one each time, and is shown as text, address and picture', async () => {
    await insertLogin(database.db, { scope: '100001', username: 'a:devries', account_id: 'anna' });
    const pending = beginTotp(anna);
    const shown = await showTotp(database.db, anna, pending);
    expect(shown?.secret).toMatch(/^[A-Z2-7]{32}$/);
    expect(shown?.uri).toBe(`otpauth://totp/Voorbeeld:a%20devries?secret=${shown?.secret}&issuer=Voorbeeld`);
    expect(shown?.qr).toMatchObject({ size: expect.any(Number), path: expect.stringMatching(/^(M\d+ \d+h\d+v1h-\d+z)+$/) });
    expect(pending).not.toContain(shown?.secret);
    expect((await showTotp(database.db, anna, beginTotp(anna)))?.secret).not.toBe(shown?.secret);
  });

  test('its first code keeps it, sealed; that code does not work again, and the person is told', async () => {
    const pending = sealTotp(anna, secret);
    const confirmed = await confirmTotp(database.db, anna, { pending, typed: codeAt(0) });
    if (!confirmed.ok) throw new Error(confirmed.rule);
    expect(await database.transaction((tx) => keepFactor(tx, anna, confirmed.factor, 'first'))).toBe(true);
    expect((await findFactor(database.db, 'anna', 'totp'))?.secret).not.toContain(secret);
    expect(await ruleOf(codeAt(0))).toBe('used');
    expect(await listFactors(database.db, anna)).toEqual({ factors: [{ kind: 'totp', createdAt: noon, lastUsedAt: noon }], recoveryCodes: 0 });
    expect(await listAudit(database.db)).toMatchObject([{ event: 'factor.added', actor: { kind: 'person', id: 'anna' }, detail: { kind: 'totp', replaced: false } }]);
    const [mail] = await listOutbox(database.db);
    expect(mail).toMatchObject({ channel: 'mail', recipient: 'anna@voorbeeld.example' });
    expect(mail?.text).toContain('authenticator-app');
  });

  test('a wrong first code keeps nothing; somebody else\'s secret does not open', async () => {
    expect(await confirmTotp(database.db, anna, { pending: sealTotp(anna, secret), typed: '000000' })).toEqual({ ok: false, rule: 'wrong' });
    const warned = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    expect(await confirmTotp(database.db, anna, { pending: sealTotp({ vault, accountId: 'bert' }, secret), typed: codeAt(0) })).toEqual({ ok: false, rule: 'unreadable' });
    expect(await showTotp(database.db, anna, 'v1.garbage')).toBeUndefined();
    warned.mockRestore();
  });
});

describe('CAK-8 a code of the app', () => {
  beforeEach(async () => { await enrol(); });

  test('of this step, the one before and the one after; no other', async () => {
    expect(await Promise.all([-60, -30, 0, 30, 60].map((seconds) => ruleOf(codeAt(seconds))))).toEqual(['wrong', 'right', 'right', 'right', 'wrong']);
  });

  test('works once; after it no older one works, and the next one does', async () => {
    expect(await use(await check(codeAt(0)))).toBe(true);
    expect(await ruleOf(codeAt(0))).toBe('used');
    expect(await ruleOf(codeAt(-30))).toBe('used');
    expect(await ruleOf(codeAt(0), later(29))).toBe('used');
    expect(await use(await check(codeAt(30), later(30)))).toBe(true);
    expect(await findFactor(database.db, 'anna', 'totp')).toMatchObject({ last_step: (noon + 30) / 30, last_used_at: noon + 30 });
  });

  test('spaces, hyphens and digits of other scripts do not matter', async () => {
    const code = codeAt(0);
    const inScript = (zero: number): string => [...code].map((digit) => String.fromCodePoint(zero + Number(digit))).join('');
    for (const typed of [` ${code.slice(0, 3)} ${code.slice(3)} `, code.split('').join('-'), inScript(0xff10), inScript(0x660), inScript(0x966), inScript(0x1d7d8), `\u202d${code}\u202c`]) {
      expect({ typed, rule: await ruleOf(typed) }).toEqual({ typed, rule: 'right' });
    }
  });

  test.each([['', 'required'], ['   ', 'required'], ['12345', 'format'], ['1234567', 'format'], ['abcdef', 'format'], ['12345½', 'format'], ['12\u000034', 'format']])('%j is no code, and costs no try', async (typed, rule) => {
    expect(await ruleOf(typed)).toBe(rule);
    expect(await ruleOf('9'.repeat(10_000))).toBe('format');
    expect(await database.db.selectFrom('counters').selectAll().execute()).toEqual([]);
  });

  test('of another person is wrong; who has none set up has nothing to check', async () => {
    const other: Holder = { ...anna, accountId: 'bert' };
    expect(await ruleOf(codeAt(0), other)).toBe('none');
    await database.transaction((tx) => keepFactor(tx, other, { kind: 'totp', secret: beginTotp(other) }));
    expect(await ruleOf(codeAt(0), other)).toBe('wrong');
  });

  test('five wrong ones, then waits that grow, for the right one too; the owner is told once; a right one forgives', async () => {
    for (let i = 0; i < 4; i += 1) expect(await ruleOf('000000')).toBe('wrong');
    expect(await ruleOf(codeAt(0))).toBe('right');
    for (let i = 0; i < 5; i += 1) expect(await ruleOf('000000')).toBe('wrong');
    expect(await check(codeAt(0))).toEqual({ ok: false, rule: 'wait', params: { minutes: 1 } });
    expect(await warnings()).toEqual([]);
    let at = 60;
    for (const minutes of [2, 4, 8, 15, 15]) {
      expect(await ruleOf('000000', later(at))).toBe('wrong');
      expect(await check(codeAt(at), later(at))).toEqual({ ok: false, rule: 'wait', params: { minutes } });
      at += minutes * 60;
    }
    expect(await warnings()).toEqual(['Er is vaak een verkeerde code ingevuld bij uw account']);
    expect(await listAudit(database.db, { event: 'factor.guessed' })).toHaveLength(1);
    expect(await ruleOf(codeAt(at), later(at))).toBe('right');
    expect(await ruleOf('000000', later(at))).toBe('wrong');
    expect(await ruleOf('000000', later(at))).toBe('wrong');
  });

  test('fifty wrong ones at once are five guesses', async () => {
    const rules = await Promise.all(Array.from({ length: 50 }, () => ruleOf('000000')));
    expect(rules.filter((rule) => rule === 'wrong')).toHaveLength(5);
    expect(rules.filter((rule) => rule === 'wait')).toHaveLength(45);
  });

  test('the service desk that resets the factors ends the wait', async () => {
    for (let i = 0; i < 5; i += 1) await ruleOf('000000');
    await database.transaction((tx) => wipeFactors(tx, { ...anna, actor: desk }));
    const pending = beginTotp(anna);
    await database.transaction((tx) => keepFactor(tx, anna, { kind: 'totp', secret: pending }));
    expect(await ruleOf('000000')).toBe('wrong');
  });

  test('when the realm\'s secret was replaced the seed does not open: said, not thrown', async () => {
    const warned = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    expect(await ruleOf(codeAt(0), { ...anna, vault: createVault(Buffer.alloc(32, 8)) })).toBe('unreadable');
    expect(String(warned.mock.calls[0]?.[0])).toBe('a secret (totp) of account anna does not open: was keys/voorbeeld/secret replaced?');
    warned.mockRestore();
  });

  test('a step that was accepted while the clock was ahead shuts nobody out', async () => {
    const { id } = (await findFactor(database.db, 'anna', 'totp'))!;
    await useStep(database.db, id, { step: noon / 30 + 5000, newest: noon / 30 + 5001, now: noon });
    expect(await use(await check(codeAt(0)))).toBe(true);
    expect(await ruleOf(codeAt(0))).toBe('used');
  });
});
