import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { hasFactor, passwordShown, twoStepRealm } from '../../../test/support/factors.ts';
import { emptyDatabase, noon, vault } from '../../../test/support/house.ts';
import { anAccount } from '../../../test/support/rows.ts';
import { broken, carryOut, codes, pageOf, problems, submit, type Stage } from '../../../test/support/steps.ts';
import { newRecoveryCodes } from '../../domain/factors/recovery.ts';
import { Overtaken } from '../../flow/step.ts';
import type { Database } from '../../store/database.ts';
import { recoveryCode } from './step.ts';

const realm = twoStepRealm();
let database: Database;
let stage: Stage;
let given: string[];
beforeEach(async () => {
  database = await emptyDatabase();
  await anAccount(database.db, 'anna');
  await hasFactor(database, 'anna', 'totp');
  given = await database.transaction((tx) => newRecoveryCodes(tx, { realm, vault, accountId: 'anna', now: noon }));
  stage = { realm, database, journal: passwordShown('anna') };
});
afterEach(() => database.close());

describe('CAK-8 a recovery code', () => {
  test('passes once, reaches the level, and what the model promises holds', async () => {
    expect(await pageOf(recoveryCode, stage)).toEqual({ left: 10, ways: ['totp'] });
    const outcome = await submit(recoveryCode, stage, { code: given[0]! });
    expect(outcome).toMatchObject({ kind: 'pass', proofs: [{ factor: 'recovery', level: '', at: noon }] });
    const facts = await carryOut(outcome, stage);
    expect(broken(recoveryCode, stage, facts)).toEqual([]);
    expect(facts.level).toBe(1);
    expect(recoveryCode.model({}, realm)).toMatchObject({ settledBy: ['second_factor_shown'], reaches: 'two-factor' });
    await expect(carryOut(outcome, stage)).rejects.toBeInstanceOf(Overtaken);
    expect(await pageOf(recoveryCode, stage)).toEqual({ left: 9, ways: ['totp'] });
    expect(problems(await submit(recoveryCode, stage, { code: given[0]! }))).toEqual([{ field: 'code', code: 'recovery-code.wrong' }]);
  });

  test('nothing typed, a wrong one, and the way back', async () => {
    expect(codes(await submit(recoveryCode, stage, { code: ' ' }))).toEqual(['recovery-code.required']);
    expect(codes(await submit(recoveryCode, stage, { code: 'AAAA-AAAA-AAAA' }))).toEqual(['recovery-code.wrong']);
    expect(await submit(recoveryCode, stage, { action: 'other' })).toEqual({ kind: 'choose', marks: { second_factor: 'totp' } });
    expect(recoveryCode.secrets).toEqual(['code']);
  });

  test('when none is left the page has nothing to fill in', async () => {
    for (const code of given) await carryOut(await submit(recoveryCode, stage, { code }), stage);
    expect(await pageOf(recoveryCode, stage)).toEqual({ left: 0, ways: ['totp'] });
    expect(codes(await submit(recoveryCode, stage, { code: given[0]! }))).toEqual(['recovery-code.none']);
  });
});
