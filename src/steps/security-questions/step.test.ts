import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { begin, name, realmWith, stepsOf, whereIs } from '../../../test/support/flow.ts';
import { emptyDatabase, exampleRealm, noon, organisationWith } from '../../../test/support/house.ts';
import { fastHash, localAccount } from '../../../test/support/local.ts';
import { broken, carryOut, codes, pageOf, submit, type Stage } from '../../../test/support/steps.ts';
import { proveRealm } from '../../flow/prove.ts';
import type { Database } from '../../store/database.ts';
import { requireStep } from '../require/step.ts';
import { securityQuestions } from './step.ts';

const choices = ['street', 'pet', 'book'].map((id) => ({ id, text: { nl: `Vraag ${id}?`, en: `Question ${id}?` } }));
const extra = { questions: { choices, need: 2 }, login: { ...exampleRealm().login, argon2: fastHash } };
const realm = realmWith(['name', 'security-questions'], { ensure: ['identified', 'questions_answered'], realm: extra });
const answers = { question_1: 'street', answer_1: 'Dorpsstraat', question_2: 'pet', answer_2: 'Snuf' };
let database: Database;
let stage: Stage;
beforeEach(async () => {
  database = await emptyDatabase();
  await localAccount(database, realm, 'anna', await organisationWith(database, realm, '10000001'));
  stage = { realm, database, journal: [{ binding: 'name', at: noon, accountId: 'anna', proofs: [{ factor: 'name', level: 'low', at: noon }] }] };
});
afterEach(() => database.close());

describe('CAK-7 secret questions at a login', () => {
  test('the page has every question, and says how many to answer', async () => {
    expect(await pageOf(securityQuestions, stage)).toMatchObject({ need: 2, optional: false, questions: [{ id: 'street', text: 'Vraag street?' }, {}, {}] });
  });

  test('enough answers pass, and what the model promises holds', async () => {
    const facts = await carryOut(await submit(securityQuestions, stage, answers), stage);
    expect(broken(securityQuestions, stage, facts)).toEqual([]);
    expect(facts.account?.credentials?.answers).toBe(2);
  });

  test('too few are asked again; answers are never shown again', async () => {
    expect(codes(await submit(securityQuestions, stage, { ...answers, answer_2: '' }))).toEqual(['questions.required']);
    expect(codes(await submit(securityQuestions, { realm, database }, answers))).toEqual(['questions.required']);
    expect(securityQuestions.secrets).toContain('answer_10');
    expect(securityQuestions.input.safeParse({ answer_1: 'x'.repeat(1001) }).success).toBe(false);
  });

  test('later is possible only where the binding says so', async () => {
    expect((await submit(securityQuestions, { ...stage, config: { optional: true } }, { action: 'later' })).kind).toBe('pass');
    expect(codes(await submit(securityQuestions, stage, { action: 'later' }))).toEqual(['questions.required']);
    expect(securityQuestions.model({ optional: true }, realm).gives).toEqual([]);
  });

  test('a realm without questions cannot have the step: nobody would get past it', () => {
    const level = { id: 'level', step: 'require', with: { that: 'level_reached', else: 'level_too_low' } };
    const gated = realmWith(['name', level, 'security-questions'], { ensure: ['identified', 'questions_answered'], realm: extra });
    const { questions: _, ...without } = gated;
    const steps = stepsOf(name, requireStep, securityQuestions);
    expect(proveRealm(gated, steps)).toEqual([]);
    expect(proveRealm(without, steps)).not.toEqual([]);
  });

  test('in a run they are asked once', async () => {
    const walk = await begin({ realm, database, steps: stepsOf(name, securityQuestions) });
    expect(whereIs(await walk.post({ account: 'anna' }))).toBe('security-questions');
    expect(whereIs(await walk.post(answers))).toBe('done');
    const again = await begin({ realm, database, id: 'again', steps: stepsOf(name, securityQuestions) });
    expect(whereIs(await again.post({ account: 'anna' }))).toBe('done');
  });
});
