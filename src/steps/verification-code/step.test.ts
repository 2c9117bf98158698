import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { portalWith } from '../../../test/support/flow.ts';
import { administratorOf, desk, emptyDatabase, exampleProof, exampleRealm, noon, organisationWith, registered, type Someone } from '../../../test/support/house.ts';
import { broken, carryOut, codes, pageOf, problems, shown, submit, type Stage } from '../../../test/support/steps.ts';
import { issueCode } from '../../domain/verification.ts';
import { Overtaken } from '../../flow/step.ts';
import { verificationCodes } from '../../store/codes.ts';
import type { Database } from '../../store/database.ts';
import { verificationCode } from './step.ts';

const realm = exampleRealm({ portals: [portalWith()] });
let database: Database;
let stage: Stage;
let someone: Someone;
let organisation: string;
beforeEach(async () => {
  database = await emptyDatabase();
  organisation = await organisationWith(database, realm, '10000001');
  const broker = exampleProof('10000001');
  someone = await registered(database, realm, organisation, { broker });
  stage = { realm, database, journal: shown(broker) };
});
afterEach(() => database.close());

const issue = async (now = noon): Promise<string> => (await database.transaction((tx) => issueCode(tx, { realm, membershipId: someone.membershipId, tier: 'administrator', actor: desk, now }))).code;
const wrong = { code: 'AAAA-AAAA-AA' };

describe('IB-5 the code', () => {
  test('IB-6 the page says whom to ask: the administrators by name, or for the first one the service desk', async () => {
    expect(await pageOf(verificationCode, stage)).toEqual({ organisation: 'Gemeente 10000001', first: true, administrators: [] });
    await administratorOf(database, realm, organisation);
    expect(await pageOf(verificationCode, stage)).toEqual({ organisation: 'Gemeente 10000001', first: false, administrators: ['Anneke Waterman'] });
  });

  test('a right code passes, and what the model promises holds; it is used only when the turn is kept', async () => {
    const outcome = await submit(verificationCode, stage, { code: ` ${(await issue()).toLowerCase().replaceAll('-', ' ')}` });
    expect(outcome.kind).toBe('pass');
    expect((await verificationCodes.latest(database.db, someone.membershipId))?.closed_at).toBeNull();
    const facts = await carryOut(outcome, stage);
    expect(broken(verificationCode, stage, facts)).toEqual([]);
    expect(facts.membership).toMatchObject({ status: 'active', tier: 'administrator' });
    expect(verificationCode.model({ relogin: false }, realm).passes).toBe(true);
  });

  test('with relogin it ends well instead of passing, and the model says so', async () => {
    const outcome = await submit(verificationCode, { ...stage, config: { relogin: true } }, { code: await issue() });
    expect(outcome).toMatchObject({ kind: 'deny', code: 'verified', ended: 'fine', params: { portal: 'Portaal' } });
    expect((await carryOut(outcome, stage)).membership?.status).toBe('active');
    expect(verificationCode.model({ relogin: true }, realm).passes).toBe(false);
  });

  test('of two right turns at once the second finds itself overtaken', async () => {
    const code = await issue();
    const [first, second] = [await submit(verificationCode, stage, { code }), await submit(verificationCode, stage, { code })];
    await carryOut(first, stage);
    await expect(carryOut(second, stage)).rejects.toBeInstanceOf(Overtaken);
  });

  test.each(['', '   '])('%j is asked again and costs no try', async (code) => {
    await issue();
    expect(codes(await submit(verificationCode, stage, { code }))).toEqual(['verification-code.required']);
    expect((await verificationCodes.latest(database.db, someone.membershipId))?.tries).toBe(0);
  });

  test('a wrong code says how many tries are left; after the last the code is dead, the right one too', async () => {
    const code = await issue();
    const left = [];
    for (let i = 0; i < 4; i += 1) left.push(problems(await submit(verificationCode, stage, wrong))[0]);
    expect(left).toEqual([4, 3, 2, 1].map((n) => ({ field: 'code', code: 'verification-code.wrong', params: { left: n } })));
    expect(codes(await submit(verificationCode, stage, wrong))).toEqual(['verification-code.dead']);
    expect(codes(await submit(verificationCode, stage, { code }))).toEqual(['verification-code.dead']);
  });

  test('fifty wrong codes at once count as fifty: five are compared, and the right one is dead', async () => {
    const code = await issue();
    const said = (await Promise.all(Array.from({ length: 50 }, () => submit(verificationCode, stage, wrong)))).flatMap(codes);
    expect(said.filter((c) => c === 'verification-code.wrong')).toHaveLength(4);
    expect(said.filter((c) => c === 'verification-code.wait')).toHaveLength(30);
    expect(await verificationCodes.latest(database.db, someone.membershipId)).toMatchObject({ tries: 5, close_reason: 'guessed' });
    expect(codes(await submit(verificationCode, { ...stage, now: noon + 3600 }, { code }))).toEqual(['verification-code.dead']);
  });

  test('new codes give no new guesses without end: after twenty in an hour there is a wait, then it goes on', async () => {
    for (let codesIssued = 0; codesIssued < 4; codesIssued += 1) {
      await issue();
      for (let i = 0; i < 5; i += 1) await submit(verificationCode, stage, wrong);
    }
    const code = await issue();
    expect(problems(await submit(verificationCode, stage, { code }))).toEqual([{ field: 'code', code: 'verification-code.wait', params: { minutes: 60 } }]);
    expect((await submit(verificationCode, { ...stage, now: noon + 3600 }, { code })).kind).toBe('pass');
  });

  test('an expired code, a used one and one that a newer replaced', async () => {
    const old = await issue(noon - 10);
    const code = await issue();
    expect(codes(await submit(verificationCode, stage, { code: old }))).toEqual(['verification-code.wrong']);
    expect(codes(await submit(verificationCode, { ...stage, now: noon + realm.ttl.verification_code }, { code }))).toEqual(['verification-code.expired']);
    await carryOut(await submit(verificationCode, stage, { code }), stage);
    expect(codes(await submit(verificationCode, stage, { code }))).toEqual(['verification-code.used']);
  });

  test('before any code was issued every one is wrong; without a registration there is nothing to check', async () => {
    expect(codes(await submit(verificationCode, stage, wrong))).toEqual(['verification-code.wrong']);
    expect(codes(await submit(verificationCode, { realm, database }, wrong))).toEqual(['verification-code.required']);
  });

  test('the code is a secret of the form', () => {
    expect(verificationCode.secrets).toEqual(['code']);
  });
});
