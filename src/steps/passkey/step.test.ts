import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Authenticator } from '../../../test/support/authenticator.ts';
import { codeAt, hasFactor, passwordShown, shows } from '../../../test/support/factors.ts';
import { begin, stepsOf, whereIs, type Walk } from '../../../test/support/flow.ts';
import { emptyDatabase, noon } from '../../../test/support/house.ts';
import { deviceFor, hasPasskey, passkeyRealm } from '../../../test/support/passkeys.ts';
import { anAccount } from '../../../test/support/rows.ts';
import { broken, carryOut, codes, pageOf, submit, type Stage } from '../../../test/support/steps.ts';
import type { CreationOptions, RequestOptions } from '../../domain/passkeys/options.ts';
import { proveRealm } from '../../flow/prove.ts';
import { Overtaken } from '../../flow/step.ts';
import type { Turn } from '../../flow/turn.ts';
import { listAudit } from '../../store/audit.ts';
import type { Database } from '../../store/database.ts';
import { listRecoveryCodes } from '../../store/factors.ts';
import { listPasskeys, removePasskeys } from '../../store/passkeys.ts';
import { findRun } from '../../store/runs.ts';
import { steps as all } from '../index.ts';
import { passkey } from './step.ts';

const steps = new Map([...all, ...stepsOf(shows)]);
const realm = passkeyRealm();
let database: Database;
let stage: Stage;
let device: Authenticator;
beforeEach(async () => {
  database = await emptyDatabase();
  for (const id of ['anna', 'bert']) await anAccount(database.db, id, { email: `${id}@voorbeeld.example` });
  device = deviceFor(realm);
  stage = { realm, database, journal: passwordShown('anna') };
});
afterEach(() => database.close());

async function walkTo(account = 'anna', id = 'run'): Promise<Walk> {
  const walk = await begin({ realm, steps, database, id });
  await walk.post({ account });
  return walk;
}
const pageIn = (turn: Turn) => (turn.kind === 'page' ? turn.page : {}) as { stage?: string; options?: CreationOptions & RequestOptions; codes?: string[]; ways?: string[] };
const problemsOf = (turn: Turn) => (turn.kind === 'page' ? turn.problems.map((problem) => problem.code) : []);
const make = async (walk: Walk) => device.make(pageIn(await walk.show()).options!);
const show = async (walk: Walk) => device.show(pageIn(await walk.show()).options!);

describe('a passkey after the password', () => {
  beforeEach(() => hasPasskey(database, realm, 'anna', device));
  const options = async () => (await pageOf(passkey, stage))['options'] as RequestOptions;

  test('a right one passes, reaches the level, and what the model promises holds', async () => {
    const outcome = await submit(passkey, stage, { credential: device.show(await options()) });
    expect(outcome).toMatchObject({ kind: 'pass', proofs: [{ factor: 'passkey', level: '', at: noon }] });
    const facts = await carryOut(outcome, stage);
    expect(broken(passkey, stage, facts)).toEqual([]);
    expect(facts.level).toBe(1);
    expect(passkey.model({}, realm)).toEqual({ settledBy: ['second_factor_shown'], passes: true, gives: ['second_factor_shown'], reaches: 'two-factor' });
  });

  test('only the own ones are asked for, and how a browser reaches them', async () => {
    await hasPasskey(database, realm, 'bert', deviceFor(realm));
    expect(await options()).toMatchObject({
      rpId: 'localhost', userVerification: 'required', timeout: 300_000, allowCredentials: [{ id: device.credentials[0]!.id, type: 'public-key', transports: ['hybrid', 'internal'] }],
    });
  });

  test('of two right turns at once the second finds itself overtaken', async () => {
    const credential = device.show(await options());
    const [first, second] = [await submit(passkey, stage, { credential }), await submit(passkey, stage, { credential })];
    await carryOut(first, stage);
    await expect(carryOut(second, stage)).rejects.toBeInstanceOf(Overtaken);
  });

  test('the form without an answer, more than fits, and what is never kept', async () => {
    expect(codes(await submit(passkey, stage, {}))).toEqual(['passkey.required']);
    expect(passkey.input.safeParse({ credential: 'x'.repeat(65_537) }).success).toBe(false);
    expect(passkey.secrets).toEqual(['credential']);
  });

  test('in a run: wrong, then right; an answer works in its own turn only', async () => {
    const walk = await walkTo();
    expect(whereIs(await walk.show())).toBe('passkey');
    const early = await show(walk);
    expect(problemsOf(await walk.post({ credential: '{}' }))).toEqual(['passkey.wrong']);
    expect((await walk.show())).toMatchObject({ values: {} });
    expect(problemsOf(await walk.post({ credential: early }))).toEqual(['passkey.expired']);
    const done = await walk.post({ credential: await show(walk) });
    expect(done).toMatchObject({ kind: 'done', run: { facts: { level: 1, proofs: [{ factor: 'password' }, { factor: 'passkey' }] } } });
    expect(await listAudit(database.db, { event: 'passkey.refused' })).toMatchObject([{ reason: 'challenge', run_id: 'run', account_id: 'anna' }, { reason: 'unreadable' }]);
  });

  test('an answer to one run says nothing in another, and nothing of another person', async () => {
    const [first, second] = [await walkTo(), await walkTo('anna', 'run2')];
    expect(problemsOf(await second.post({ credential: await show(first) }))).toEqual(['passkey.expired']);
    const theirs = deviceFor(realm);
    await hasPasskey(database, realm, 'bert', theirs);
    const { allowCredentials: _, ...anything } = pageIn(await second.show()).options!;
    expect(problemsOf(await second.post({ credential: theirs.show(anything) }))).toEqual(['passkey.wrong']);
    expect(whereIs(await second.show())).toBe('passkey');
  });

  test('five posts of one answer: one gets in', async () => {
    const walk = await walkTo();
    const credential = await show(walk);
    const turns = await Promise.all(Array.from({ length: 5 }, () => walk.post({ credential })));
    expect(turns.map(whereIs)).toContain('done');
    expect(await listAudit(database.db, { event: 'login.completed' })).toHaveLength(1);
    expect(await listPasskeys(database.db, 'anna')).toMatchObject([{ counter: 1 }]);
  });

  test('another way and back', async () => {
    await hasFactor(database, 'anna', 'totp');
    const walk = await walkTo();
    expect(pageIn(await walk.show()).ways).toEqual(['totp']);
    expect(whereIs(await walk.post({ action: 'other' }))).toBe('totp');
    expect(whereIs(await walk.post({ action: 'passkey' }))).toBe('passkey');
    await walk.post({ action: 'totp' });
    expect(whereIs(await walk.post({ code: codeAt() }))).toBe('done');
  });

  test('a clone is refused and blocked: its page offers the other ways, and nobody may set up another factor in its place', async () => {
    await hasFactor(database, 'anna', 'totp');
    const thief = device.clone();
    expect(whereIs(await (await walkTo()).post({ credential: await show(await walkTo('anna', 'other')) }))).toBe('passkey');
    const walk = await walkTo('anna', 'run2');
    await walk.post({ credential: await show(walk) });
    const theirs = await walkTo('anna', 'run3');
    expect(problemsOf(await theirs.post({ credential: thief.show(pageIn(await theirs.show()).options!) }))).toEqual(['passkey.blocked']);
    expect(pageIn(await theirs.show())).toEqual({ ways: ['totp'], blocked: 1, title: { key: 'passkey.blocked.title', params: { count: 1 } } });
    expect(problemsOf(await theirs.post({ credential: '{}' }))).toEqual(['passkey.none']);
    expect(await listAudit(database.db, { event: 'passkey.cloned' })).toMatchObject([{ run_id: 'run3', account_id: 'anna' }]);
    await database.db.deleteFrom('factors').execute();
    const left = await walkTo('anna', 'run4');
    expect([whereIs(await left.show()), problemsOf(await left.post({ action: 'other' }))]).toEqual(['passkey', ['passkey.no_other']]);
  });

  test('one that was removed meanwhile, and nobody at all', async () => {
    const outcome = await submit(passkey, stage, { credential: device.show(await options()) });
    await removePasskeys(database.db, 'anna');
    await expect(carryOut(outcome, stage)).rejects.toBeInstanceOf(Overtaken);
    expect(codes(await submit(passkey, stage, { credential: '{}' }))).toEqual(['passkey.none']);
    expect(await pageOf(passkey, stage)).toEqual({ ways: [], blocked: 0, title: { key: 'passkey.none.title' } });
    expect(codes(await submit(passkey, { realm, database }, { credential: '{}' }))).toEqual(['passkey.none']);
  });
});

describe('a passkey set up at the first login', () => {
  test('made, then the recovery codes; then logged in with two factors, and it is known', async () => {
    const walk = await walkTo();
    expect(whereIs(await walk.show())).toBe('second-factor');
    expect(pageIn(await walk.post({ method: 'passkey' })).stage).toBe('passkey');
    expect(problemsOf(await walk.post({}))).toEqual(['second-factor.passkey.required']);
    expect(problemsOf(await walk.post({ credential: device.make(pageIn(await walk.show()).options!, { verified: false }) }))).toEqual(['second-factor.passkey.wrong']);
    const shown = pageIn(await walk.post({ credential: await make(walk) }));
    expect(shown).toMatchObject({ stage: 'codes', codes: expect.any(Array) });
    // nothing counts before the codes are kept
    expect(await listPasskeys(database.db, 'anna')).toEqual([]);
    expect(JSON.stringify(await findRun(database.db, 'run'))).not.toContain(device.credentials.at(-1)!.id);
    expect(await walk.post({ kept: '1' })).toMatchObject({ kind: 'done', run: { facts: { level: 1, proofs: [{ factor: 'password' }, { factor: 'passkey', at: noon }] } } });
    expect(await listPasskeys(database.db, 'anna')).toMatchObject([{ name: 'Passkey 1' }]);
    expect(await listRecoveryCodes(database.db, 'anna')).toHaveLength(10);
    const next = await walkTo('anna', 'run2');
    expect(whereIs(await next.post({ credential: await show(next) }))).toBe('done');
  });

  test('an answer works in its own turn only; another way after all', async () => {
    const walk = await walkTo();
    await walk.post({ method: 'passkey' });
    const early = await make(walk);
    await walk.post({ action: 'other' });
    expect(pageIn(await walk.post({ method: 'passkey' })).stage).toBe('passkey');
    expect(problemsOf(await walk.post({ credential: early }))).toEqual(['second-factor.passkey.expired']);
    expect(pageIn(await walk.post({ method: 'totp' })).stage).toBe('totp');
  });

  test('of two logins that set one up, the second one finds it set up', async () => {
    const [first, second] = [await walkTo(), await walkTo('anna', 'run2')];
    for (const walk of [first, second]) {
      await walk.post({ method: 'passkey' });
      await walk.post({ credential: await make(walk) });
    }
    expect(whereIs(await first.post({ kept: '1' }))).toBe('done');
    await second.post({ kept: '1' });
    expect(whereIs(await second.show())).toBe('passkey');
    expect(await listPasskeys(database.db, 'anna')).toHaveLength(1);
  });
});

test('the flow is proved: it cannot end below the level of two factors', () => {
  expect(proveRealm(realm, steps)).toEqual([]);
});
