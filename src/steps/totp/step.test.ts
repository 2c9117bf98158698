import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { codeAt, hasFactor, passwordShown, twoStepRealm } from '../../../test/support/factors.ts';
import { emptyDatabase, noon } from '../../../test/support/house.ts';
import { anAccount } from '../../../test/support/rows.ts';
import { broken, carryOut, codes, pageOf, problems, submit, type Stage } from '../../../test/support/steps.ts';
import { newRecoveryCodes } from '../../domain/factors/recovery.ts';
import { createVault } from '../../domain/vault.ts';
import { Overtaken } from '../../flow/step.ts';
import type { Database } from '../../store/database.ts';
import { findFactor, removeFactor } from '../../store/factors.ts';
import { totp } from './step.ts';

const realm = twoStepRealm();
let database: Database;
let stage: Stage;
beforeEach(async () => {
  database = await emptyDatabase();
  await anAccount(database.db, 'anna');
  await hasFactor(database, 'anna', 'totp');
  stage = { realm, database, journal: passwordShown('anna') };
});
afterEach(() => database.close());

describe('CAK-8 the code of an app', () => {
  test('a right one passes, reaches the level, and what the model promises holds', async () => {
    const outcome = await submit(totp, stage, { code: codeAt() });
    expect(outcome).toMatchObject({ kind: 'pass', proofs: [{ factor: 'totp', level: '', at: noon }] });
    const facts = await carryOut(outcome, stage);
    expect(broken(totp, stage, facts)).toEqual([]);
    expect(facts.level).toBe(1);
    expect(totp.model({}, realm)).toEqual({ settledBy: ['second_factor_shown'], passes: true, gives: ['second_factor_shown'], reaches: 'two-factor' });
    expect(totp.model({}, { ...realm, levels: realm.levels.slice(0, 1) })).not.toHaveProperty('reaches');
  });

  test('of two right turns at once the second finds itself overtaken; then the code is used', async () => {
    const [first, second] = [await submit(totp, stage, { code: codeAt() }), await submit(totp, stage, { code: codeAt() })];
    await carryOut(first, stage);
    await expect(carryOut(second, stage)).rejects.toBeInstanceOf(Overtaken);
    expect(codes(await submit(totp, stage, { code: codeAt() }))).toEqual(['totp.used']);
  });

  test.each([['', 'totp.required'], ['12345', 'totp.format'], ['abcdef', 'totp.format'], [codeAt(-60), 'totp.wrong'], [codeAt(60), 'totp.wrong']])('%j is refused at its field', async (code, problem) => {
    expect(problems(await submit(totp, stage, { code }))).toEqual([{ field: 'code', code: problem }]);
  });

  test('more than fits is no form; what is typed is never kept', () => {
    expect(totp.input.safeParse({ code: '1'.repeat(201) }).success).toBe(false);
    expect(totp.secrets).toEqual(['code']);
  });

  test('a factor that was removed meanwhile', async () => {
    const outcome = await submit(totp, stage, { code: codeAt() });
    await removeFactor(database.db, 'anna', 'totp');
    await expect(carryOut(outcome, stage)).rejects.toBeInstanceOf(Overtaken);
    expect(codes(await submit(totp, stage, { code: codeAt() }))).toEqual(['totp.none']);
    expect(codes(await submit(totp, { realm, database }, { code: codeAt() }))).toEqual(['totp.none']);
  });

  test('a seed that does not open is a problem on the page, not a fault', async () => {
    const warned = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const row = await findFactor(database.db, 'anna', 'totp');
    await database.db.updateTable('factors').set({ secret: createVault(Buffer.alloc(32, 9)).seal('SEED', 'totp:anna') }).where('id', '=', row!.id).execute();
    expect(codes(await submit(totp, stage, { code: codeAt() }))).toEqual(['totp.unreadable']);
    expect(warned).toHaveBeenCalledTimes(1);
    warned.mockRestore();
  });
});

describe('CAK-8 another way', () => {
  test('what is set up, and recovery codes that are left', async () => {
    expect(await pageOf(totp, stage)).toEqual({ ways: [] });
    expect(codes(await submit(totp, stage, { action: 'other' }))).toEqual(['totp.no_other']);
    await database.transaction((tx) => newRecoveryCodes(tx, { realm, vault: createVault(Buffer.alloc(32)), accountId: 'anna', now: noon }));
    expect(await submit(totp, stage, { action: 'other' })).toEqual({ kind: 'choose', marks: { second_factor: 'recovery' } });
    await hasFactor(database, 'anna', 'sms');
    expect(await pageOf(totp, stage)).toEqual({ ways: ['sms', 'recovery'] });
    expect(await submit(totp, stage, { action: 'other' })).toEqual({ kind: 'choose', marks: { second_factor: 'sms' } });
    expect(await submit(totp, stage, { action: 'recovery' })).toEqual({ kind: 'choose', marks: { second_factor: 'recovery' } });
    expect(codes(await submit(totp, stage, { action: 'totp' }))).toEqual(['totp.no_other']);
  });
});
