import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { begin, name, realmWith, stepsOf, whereIs, type Walk } from '../../../test/support/flow.ts';
import { desk, emptyDatabase, noon, organisationWith } from '../../../test/support/house.ts';
import { localAccount } from '../../../test/support/local.ts';
import { broken, carryOut, codes, pageOf, problems, submit, type Stage } from '../../../test/support/steps.ts';
import { issueActivation } from '../../domain/activation.ts';
import { Overtaken } from '../../flow/step.ts';
import { findAccount, updateAccount } from '../../store/accounts.ts';
import type { Database } from '../../store/database.ts';
import { requireStep } from '../require/step.ts';
import { activationCode } from './step.ts';

const bindings = ['name', { id: 'account', step: 'require', with: { that: 'account_active', else: 'account_inactive' } }, 'activation-code'];
const realm = realmWith(bindings, { ensure: ['identified', 'account_active', 'activated'] });
const wrong = { code: 'AAAA-AAAA-AA' };
let database: Database;
let stage: Stage;
beforeEach(async () => {
  database = await emptyDatabase();
  const organisation = await organisationWith(database, realm, '10000001');
  for (const id of ['anna', 'bert']) await localAccount(database, realm, id, organisation);
  stage = { realm, database, journal: [{ binding: 'name', at: noon, accountId: 'anna', proofs: [{ factor: 'name', level: 'low', at: noon }] }] };
});
afterEach(() => database.close());

const issue = async (channel: 'mail' | 'letter' = 'mail', accountId = 'anna', now = noon): Promise<string> =>
  (await database.transaction((tx) => issueActivation(tx, { realm, accountId, channel, address: ['Postbus 1'], actor: desk, now }))).code;

describe('CAK-3 the page', () => {
  test('says how and when the code was sent, and until when it works', async () => {
    await issue('letter', 'anna', noon - 60);
    expect(await pageOf(activationCode, stage)).toEqual({ state: 'waiting', channel: 'letter', sentAt: noon - 60, expiresAt: noon - 60 + realm.ttl.activation_code });
  });

  test('says that there is no code, or that it has expired or is dead', async () => {
    await updateAccount(database.db, 'anna', { must_activate: 1 });
    expect(await pageOf(activationCode, stage)).toMatchObject({ state: 'none' });
    await issue();
    expect(await pageOf(activationCode, { ...stage, now: noon + realm.ttl.activation_code })).toMatchObject({ state: 'expired' });
    for (let i = 0; i < 5; i += 1) await submit(activationCode, stage, wrong);
    expect(await pageOf(activationCode, stage)).toMatchObject({ state: 'dead' });
  });
});

describe('CAK-3 the code', () => {
  test('a right one passes, and what the model promises holds; it is used only when the turn is kept', async () => {
    const outcome = await submit(activationCode, stage, { code: ` ${(await issue()).toLowerCase().replaceAll('-', ' ')}` });
    expect(outcome.kind).toBe('pass');
    expect((await findAccount(database.db, 'anna'))?.must_activate).toBe(1);
    expect(broken(activationCode, stage, await carryOut(outcome, stage))).toEqual([]);
  });

  test.each(['', '   '])('%j is asked again and costs no try', async (code) => {
    await issue();
    expect(codes(await submit(activationCode, stage, { code }))).toEqual(['activation-code.required']);
    expect((await database.db.selectFrom('activation_codes').select('tries').executeTakeFirst())?.tries).toBe(0);
  });

  test.each(['\u202e\u0000', 'é'.repeat(200), 'ＡＡＡＡ'])('%j is wrong, and nothing worse', async (code) => {
    await issue();
    expect(problems(await submit(activationCode, stage, { code }))).toEqual([{ field: 'code', code: 'activation-code.wrong', params: { left: 4 } }]);
    expect(activationCode.input.safeParse({ code: 'x'.repeat(201) }).success).toBe(false);
  });

  test('somebody else\'s code is wrong, an expired one, a used one and a dead one are said to be so', async () => {
    await issue();
    expect(codes(await submit(activationCode, stage, { code: await issue('mail', 'bert') }))).toEqual(['activation-code.wrong']);
    const code = await issue();
    expect(codes(await submit(activationCode, { ...stage, now: noon + realm.ttl.activation_code }, { code }))).toEqual(['activation-code.expired']);
    await carryOut(await submit(activationCode, stage, { code }), stage);
    expect(codes(await submit(activationCode, stage, { code }))).toEqual(['activation-code.used']);
  });

  test('fifty at once count as fifty: and new codes give no new guesses without end', async () => {
    const code = await issue();
    const said = (await Promise.all(Array.from({ length: 50 }, () => submit(activationCode, stage, wrong)))).flatMap(codes);
    expect(said.filter((one) => one === 'activation-code.wrong')).toHaveLength(4);
    expect(said.filter((one) => one === 'activation-code.wait')).toHaveLength(30);
    const fresh = await issue();
    expect(problems(await submit(activationCode, stage, { code: fresh }))).toEqual([{ field: 'code', code: 'activation-code.wait', params: { minutes: 60 } }]);
    expect((await submit(activationCode, { ...stage, now: noon + 3600 }, { code: fresh })).kind).toBe('pass');
    expect(codes(await submit(activationCode, { ...stage, now: noon + 3600 }, { code }))).toEqual(['activation-code.wrong']);
  });

  test('fifty right ones at once: one passes', async () => {
    const code = await issue();
    const outcomes = (await Promise.all(Array.from({ length: 50 }, () => submit(activationCode, stage, { code })))).filter(({ kind }) => kind === 'pass');
    const kept = await Promise.allSettled(outcomes.map((outcome) => carryOut(outcome, stage)));
    expect(kept.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(kept.every((one) => one.status === 'fulfilled' || one.reason instanceof Overtaken)).toBe(true);
  });
});

describe('CAK-3 in the middle of a run', () => {
  let walk: Walk;
  beforeEach(async () => {
    await issue();
    walk = await begin({ realm, database, steps: stepsOf(name, requireStep, activationCode) });
    await walk.post({ account: 'anna' });
    expect(whereIs(await walk.show())).toBe('activation-code');
  });

  test('a new code is issued: the old one is wrong, the new one right', async () => {
    const code = await issue('letter');
    expect(await walk.post(wrong)).toMatchObject({ kind: 'page', problems: [{ code: 'activation-code.wrong', params: { left: 4 } }] });
    expect(whereIs(await walk.post({ code }))).toBe('done');
  });

  test('the account is locked: the right code lets nobody in, and is not used', async () => {
    const code = await issue();
    await updateAccount(database.db, 'anna', { status: 'locked' });
    expect(whereIs(await walk.post({ code }))).toBe('end account_inactive');
    expect((await findAccount(database.db, 'anna'))?.must_activate).toBe(1);
  });
});
