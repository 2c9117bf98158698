import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { hasFactor, passwordShown, sentCode, twoStepRealm } from '../../../test/support/factors.ts';
import { emptyDatabase, noon } from '../../../test/support/house.ts';
import { anAccount } from '../../../test/support/rows.ts';
import { broken, carryOut, codes, pageOf, problems, runOf, submit, type Stage } from '../../../test/support/steps.ts';
import { Overtaken } from '../../flow/step.ts';
import type { Database } from '../../store/database.ts';
import { listOutbox } from '../../store/outbox.ts';
import { smsCode } from './step.ts';

const realm = twoStepRealm();
let database: Database;
let stage: Stage;
beforeEach(async () => {
  database = await emptyDatabase();
  await anAccount(database.db, 'anna');
  await hasFactor(database, 'anna', 'sms');
  stage = { realm, database, journal: passwordShown('anna') };
});
afterEach(() => database.close());

const enter = async (at: Stage = stage) => smsCode.enter!(await runOf(at));
const at = (seconds: number): Stage => ({ ...stage, now: noon + seconds });

describe('CAK-8 a code by SMS', () => {
  test('the first one goes out on arrival, with the turn; the page shows the end of the number and the pause', async () => {
    const outcome = await enter();
    expect(await listOutbox(database.db)).toEqual([]);
    await carryOut(outcome, stage);
    expect(await listOutbox(database.db)).toMatchObject([{ channel: 'sms', recipient: '+31612345678', text: expect.stringContaining('is uw inlogcode voor Portaal') }]);
    expect(await pageOf(smsCode, at(10))).toEqual({ ways: [], minutes: 10, phone: '+31 •••••••78', pause: 20 });
    await pageOf(smsCode, at(40));
    expect(await listOutbox(database.db)).toHaveLength(1);
  });

  test('a right one passes, reaches the level, and what the model promises holds', async () => {
    await carryOut(await enter(), stage);
    const outcome = await submit(smsCode, stage, { code: await sentCode(database) });
    expect(outcome).toMatchObject({ kind: 'pass', proofs: [{ factor: 'sms', level: '', at: noon }] });
    const facts = await carryOut(outcome, stage);
    expect(broken(smsCode, stage, facts)).toEqual([]);
    expect(facts.level).toBe(1);
    expect(smsCode.model({}, realm)).toEqual({ settledBy: ['second_factor_shown'], passes: true, gives: ['second_factor_shown'], reaches: 'two-factor' });
    await expect(carryOut(outcome, stage)).rejects.toBeInstanceOf(Overtaken);
  });

  test('another one, by SMS or voice, after the pause; the gateway plays no part in it', async () => {
    await carryOut(await enter(), stage);
    expect(problems(await submit(smsCode, at(5), { action: 'resend' }))).toEqual([{ field: 'code', code: 'sms-code.pause', params: { seconds: 25 } }]);
    await carryOut(await submit(smsCode, at(30), { action: 'call' }), stage);
    expect((await submit(smsCode, at(31), { code: await sentCode(database, 'voice') })).kind).toBe('pass');
    expect((await listOutbox(database.db)).map((message) => message.state)).toEqual(['waiting', 'waiting']);
  });

  test.each([['', 'sms-code.required'], ['123 45', 'sms-code.format'], ['12345a', 'sms-code.format']])('%j is refused at its field', async (code, problem) => {
    expect(problems(await submit(smsCode, stage, { code }))).toEqual([{ field: 'code', code: problem }]);
  });

  test('who may have no more messages reads so on arrival, and the page works', async () => {
    for (let i = 0; i < 5; i += 1) await carryOut(await submit(smsCode, at(30 * i), { action: 'resend' }), stage);
    expect(problems(await enter(at(200)))).toEqual([{ field: 'code', code: 'sms-code.limit', params: { minutes: 57 } }]);
    expect((await submit(smsCode, at(201), { code: await sentCode(database) })).kind).toBe('pass');
  });

  test('other ways; without a phone nothing is sent', async () => {
    await hasFactor(database, 'anna', 'totp');
    expect(await submit(smsCode, stage, { action: 'other' })).toEqual({ kind: 'choose', marks: { second_factor: 'totp' } });
    expect(codes(await submit(smsCode, stage, { action: 'recovery' }))).toEqual(['sms-code.no_other']);
    await anAccount(database.db, 'bert');
    const bert: Stage = { ...stage, journal: passwordShown('bert') };
    expect(codes(await enter(bert))).toEqual(['sms-code.none']);
    expect(await pageOf(smsCode, bert)).toEqual({ ways: [], minutes: 10 });
  });
});
