import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { emptyDatabase, exampleRealm, noon, vault } from '../../../test/support/house.ts';
import { anAccount } from '../../../test/support/rows.ts';
import type { Database } from '../../store/database.ts';
import { findFactor } from '../../store/factors.ts';
import { listOutbox } from '../../store/outbox.ts';
import { createVault } from '../vault.ts';
import { keepFactor, listFactors } from './enrol.ts';
import type { Checked, Holder } from './holder.ts';
import { maskPhone, normalisePhone } from './phone.ts';
import type { Sending } from './sent-code.ts';
import { beginPhone, checkSms, confirmPhone, firstSms, resendPhone, resendSms, shownSms } from './sms.ts';

const realm = exampleRealm();
const anna: Holder = { realm, vault, accountId: 'anna', now: noon };
const later = (seconds: number): Holder => ({ ...anna, now: noon + seconds });
const bySms: Sending = { means: 'sms', language: 'nl', portal: 'Portaal' };
const number = '+31612345678';
let database: Database;
beforeEach(async () => {
  database = await emptyDatabase();
  await anAccount(database.db, 'anna');
  await anAccount(database.db, 'bert');
});
afterEach(() => database.close());

const keep = async (checked: Checked): Promise<boolean> => {
  if (!checked.ok) throw new Error(checked.rule);
  return database.transaction(checked.keep);
};
const enrol = (holder = anna, phone = number): Promise<boolean> => database.transaction((tx) => keepFactor(tx, holder, { kind: 'sms', secret: vault.seal(phone, `sms:${holder.accountId}`) }));
const messages = (channel: 'sms' | 'voice' = 'sms') => listOutbox(database.db, { channel });
const newest = async (channel: 'sms' | 'voice' = 'sms'): Promise<string> => (await messages(channel))[0]?.code ?? '';
const other = (code: string): string => (code === '000000' ? '000001' : '000000');
const ruleOf = (checked: { ok: true } | { ok: false; rule: string }): string => (checked.ok ? 'right' : checked.rule);

describe('CAK-8 phone numbers', () => {
  const numbers = realm.second_factor.numbers;
  test.each(['0612345678', '06-1234 56 78', '06 12 34 56 78', '+31612345678', '+31 (0)6 12345678', '0031 6 12345678', '(06) 12.34.56.78', '０６１２３４５６７８', '\u202d0612345678\u202c'])('%j is one number', (typed) => {
    expect(normalisePhone(typed, numbers)).toEqual({ ok: true, number });
  });

  test.each(['0900 1234567', '0906-12345', '09061234567', '06123', '06123456789', '112', '+44 7911 123456', 'abc', '++31612345678', '+0612345678', '9'.repeat(200), '06\u000012345678', '+31 6 1234567a'])('%j is refused', (typed) => {
    expect(normalisePhone(typed, numbers)).toEqual({ ok: false, rule: 'not_dialable', params: { allowed: '+31' } });
  });

  test('an empty one is asked again; other countries where the realm allows them; a number is shown by its end', () => {
    expect(normalisePhone(' ', numbers)).toEqual({ ok: false, rule: 'required' });
    expect(normalisePhone('0470 12 34 56', { allowed: ['+324', '+316'], denied: [] })).toEqual({ ok: true, number: '+32470123456' });
    expect([maskPhone(number), maskPhone('+32470123456')]).toEqual(['+31 •••••••78', '+32 •••••••56']);
  });
});

describe('CAK-8 setting up a phone', () => {
  test('a code goes to the number; typed, the number is kept sealed', async () => {
    const begun = await beginPhone(database.db, anna, '06 12345678', bySms);
    if (!begun.ok) throw new Error(begun.rule);
    expect(await messages()).toEqual([]);
    await keep(begun);
    expect(JSON.stringify(await database.db.selectFrom('counters').select('key').execute())).not.toContain('612345678');
    expect((await messages())[0]).toMatchObject({ recipient: number, text: `${await newest()} is de code om uw telefoon in te stellen voor Portaal.` });
    const confirmed = await confirmPhone(database.db, anna, { pending: begun.pending, typed: await newest() });
    if (!confirmed.ok) throw new Error(confirmed.rule);
    await database.transaction(async (tx) => { await confirmed.keep(tx); await keepFactor(tx, anna, confirmed.factor); });
    expect((await listFactors(database.db, anna)).factors).toEqual([{ kind: 'sms', createdAt: noon, lastUsedAt: noon, phone: '+31 •••••••78' }]);
    expect(JSON.stringify(await findFactor(database.db, 'anna', 'sms'))).not.toContain('12345678');
  });

  test('a code that went to one number confirms no other', async () => {
    const one = await beginPhone(database.db, anna, '0612345678', bySms);
    await keep(one);
    const code = await newest();
    const two = await beginPhone(database.db, later(30), '0687654321', bySms);
    if (!two.ok) throw new Error(two.rule);
    await keep(two);
    expect(ruleOf(await confirmPhone(database.db, later(30), { pending: two.pending, typed: code }))).toBe((await newest()) === code ? 'right' : 'wrong');
  });

  test('another code, also by voice', async () => {
    const begun = await beginPhone(database.db, anna, '0612345678', bySms);
    if (!begun.ok) throw new Error(begun.rule);
    await keep(begun);
    expect(await resendPhone(database.db, anna, begun.pending, bySms)).toEqual({ ok: false, rule: 'pause', params: { seconds: 30 } });
    await keep(await resendPhone(database.db, later(30), begun.pending, { ...bySms, means: 'voice' }));
    expect(ruleOf(await confirmPhone(database.db, later(31), { pending: begun.pending, typed: await newest('voice') }))).toBe('right');
  });
});

describe('CAK-8 a code by SMS', () => {
  beforeEach(async () => { await enrol(); });

  test('opens once, in time', async () => {
    await keep(await firstSms(database.db, anna, bySms));
    const code = await newest();
    expect(code).toMatch(/^\d{6}$/);
    expect((await messages())[0]).toMatchObject({ recipient: number, text: `${code} is uw inlogcode voor Portaal.` });
    expect(JSON.stringify(await database.db.selectFrom('sent_codes').selectAll().execute())).not.toContain(`"${code}"`);
    expect(ruleOf(await checkSms(database.db, later(600), code))).toBe('expired');
    const right = await checkSms(database.db, later(599), ` ${code.slice(0, 3)} ${code.slice(3)}`);
    expect(await keep(right)).toBe(true);
    expect(await keep(right)).toBe(false);
    expect(ruleOf(await checkSms(database.db, later(599), code))).toBe('used');
  });

  test('five tries, then it is dead, the right one too; a new one works', async () => {
    await keep(await firstSms(database.db, anna, bySms));
    const code = await newest();
    const said = [];
    for (let i = 0; i < 5; i += 1) said.push(await checkSms(database.db, anna, other(code)));
    expect(said).toEqual([...[4, 3, 2, 1].map((left) => ({ ok: false, rule: 'wrong', params: { left } })), { ok: false, rule: 'dead', params: { left: 0 } }]);
    expect(ruleOf(await checkSms(database.db, later(60), code))).toBe('dead');
    await keep(await resendSms(database.db, later(180), bySms));
    expect(ruleOf(await checkSms(database.db, later(180), await newest()))).toBe('right');
  });

  test('fifty guesses at once are five', async () => {
    await keep(await firstSms(database.db, anna, bySms));
    const code = await newest();
    const rules = (await Promise.all(Array.from({ length: 50 }, () => checkSms(database.db, anna, other(code))))).map(ruleOf);
    expect(rules.filter((rule) => rule === 'wrong')).toHaveLength(4);
    expect(rules.filter((rule) => rule === 'wait')).toHaveLength(45);
  });

  test('the newest one counts: another one kills the one before', async () => {
    await keep(await firstSms(database.db, anna, bySms));
    const old = await newest();
    await keep(await resendSms(database.db, later(30), bySms));
    expect((await messages()).length).toBe(2);
    if (await newest() !== old) expect(ruleOf(await checkSms(database.db, later(31), old))).toBe('wrong');
    expect(ruleOf(await checkSms(database.db, later(31), await newest()))).toBe('right');
  });

  test('between two there is a pause, also for fifty who ask at once; a right code ends it', async () => {
    await keep(await firstSms(database.db, anna, bySms));
    expect((await shownSms(database.db, later(10)))).toEqual({ phone: '+31 •••••••78', pause: 20 });
    expect(await resendSms(database.db, later(10), bySms)).toEqual({ ok: false, rule: 'pause', params: { seconds: 20 } });
    const asked = await Promise.all(Array.from({ length: 50 }, () => resendSms(database.db, later(30), bySms)));
    expect(asked.filter((one) => one.ok)).toHaveLength(1);
    await keep(asked.find((one) => one.ok)!);
    await keep(await checkSms(database.db, later(31), await newest()));
    expect(ruleOf(await firstSms(database.db, later(32), bySms))).toBe('right');
  });

  test('who begins anew within the pause gets no second message: the one on its way works', async () => {
    await keep(await firstSms(database.db, anna, bySms));
    await keep(await firstSms(database.db, later(5), bySms));
    expect(await messages()).toHaveLength(1);
    expect(ruleOf(await checkSms(database.db, later(6), await newest()))).toBe('right');
  });

  test('so many an hour to one account, and to one number, whoever asks', async () => {
    for (let i = 0; i < 5; i += 1) await keep(await resendSms(database.db, later(30 * i), bySms));
    expect(await resendSms(database.db, later(150), bySms)).toEqual({ ok: false, rule: 'limit', params: { minutes: 58 } });
    const bert: Holder = { ...later(160), accountId: 'bert' };
    await enrol(bert);
    expect(ruleOf(await firstSms(database.db, bert, bySms))).toBe('limit');
    expect(ruleOf(await resendSms(database.db, later(3600), bySms))).toBe('right');
  });

  test('by voice the digits are said one by one, twice, in the language of the person', async () => {
    await keep(await resendSms(database.db, anna, { ...bySms, means: 'voice', language: 'en' }));
    const [call] = await messages('voice');
    const said = [...call!.code!].map((digit) => ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'][Number(digit)]).join('. ');
    expect(call?.text).toBe(`Hello. Your code for Portaal is: ${said}. I repeat. Your code is: ${said}. Goodbye.`);
    expect(ruleOf(await checkSms(database.db, anna, call!.code!))).toBe('right');
  });

  test('nothing typed, letters, no code sent yet, no phone', async () => {
    expect(ruleOf(await checkSms(database.db, anna, ' '))).toBe('required');
    expect(ruleOf(await checkSms(database.db, anna, '12345a'))).toBe('format');
    expect(ruleOf(await checkSms(database.db, anna, '123456'))).toBe('wrong');
    expect(ruleOf(await checkSms(database.db, { ...anna, accountId: 'bert' }, '123456'))).toBe('none');
    expect(ruleOf(await firstSms(database.db, { ...anna, accountId: 'bert' }, bySms))).toBe('none');
  });

  test('when the realm\'s secret was replaced the number does not open: nothing is sent, and it is said', async () => {
    const warned = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const changed: Holder = { ...anna, vault: createVault(Buffer.alloc(32, 8)) };
    expect(ruleOf(await firstSms(database.db, changed, bySms))).toBe('unreadable');
    expect(await shownSms(database.db, changed)).toBeUndefined();
    expect((await listFactors(database.db, changed)).factors).toEqual([{ kind: 'sms', createdAt: noon, lastUsedAt: noon }]);
    expect(warned).toHaveBeenCalledTimes(3);
    warned.mockRestore();
  });
});
