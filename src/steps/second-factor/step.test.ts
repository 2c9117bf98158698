import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { codeAt, hasFactor, sentCode, shows, twoStepRealm } from '../../../test/support/factors.ts';
import { begin, stepsOf, whereIs, type Walk } from '../../../test/support/flow.ts';
import { desk, emptyDatabase, noon, vault } from '../../../test/support/house.ts';
import { anAccount } from '../../../test/support/rows.ts';
import { submit } from '../../../test/support/steps.ts';
import { wipeFactors } from '../../domain/factors/enrol.ts';
import { proveRealm } from '../../flow/prove.ts';
import type { Turn } from '../../flow/turn.ts';
import { updateAccount } from '../../store/accounts.ts';
import { listAudit } from '../../store/audit.ts';
import type { Database } from '../../store/database.ts';
import { findFactor, listRecoveryCodes, removeFactor } from '../../store/factors.ts';
import { listOutbox } from '../../store/outbox.ts';
import { findRun } from '../../store/runs.ts';
import { steps as all } from '../index.ts';
import { secondFactor } from './step.ts';

const steps = new Map([...all, ...stepsOf(shows)]);
const manuals = [{ id: 'two-steps', title: 'Twee-staps verificatie', url: 'https://voorbeeld.example/2', step: 'second-factor' }, { id: 'portal', title: 'Portaal', url: 'https://voorbeeld.example/1' }];
const realm = twoStepRealm({ manuals });
let database: Database;
beforeEach(async () => {
  database = await emptyDatabase();
  for (const id of ['anna', 'bert']) await anAccount(database.db, id, { email: `${id}@voorbeeld.example` });
});
afterEach(() => database.close());

async function walkTo(account = 'anna', more: Partial<Parameters<typeof begin>[0]> = {}): Promise<Walk> {
  const walk = await begin({ realm, steps, database, ...more });
  await walk.post({ account });
  return walk;
}
const pageOf = (turn: Turn) => (turn.kind === 'page' ? turn.page : {}) as { stage?: string; secret?: string; codes?: string[]; manuals?: unknown[]; phone?: string; left?: number };
const problemsOf = (turn: Turn) => (turn.kind === 'page' ? turn.problems.map((problem) => problem.code) : []);
/** The secret is another one each time: the code must be made from what the page shows. */
const typeCode = async (walk: Walk) => walk.post({ code: codeAt(walk.clock.now - noon, pageOf(await walk.show()).secret) });

describe('CAK-8 setting up at the first login', () => {
  test('CAK-15 the choice, with the manual that is about it', async () => {
    const walk = await walkTo();
    expect(await walk.show()).toMatchObject({ kind: 'page', binding: 'second-factor', page: { stage: 'choice', methods: ['totp', 'sms'], manuals: [{ title: 'Twee-staps verificatie', url: 'https://voorbeeld.example/2' }] } });
    expect(problemsOf(await walk.post())).toEqual(['second-factor.required']);
    expect(problemsOf(await walk.post({ method: 'fax' }))).toEqual(['second-factor.required']);
  });

  test('an app: secret, code, recovery codes; then logged in with two factors, and the app is known', async () => {
    const walk = await walkTo();
    const page = pageOf(await walk.post({ method: 'totp' }));
    expect(page).toMatchObject({ stage: 'totp', secret: expect.stringMatching(/^[A-Z2-7]{32}$/), qr: { path: expect.any(String) } });
    expect(pageOf(await walk.show()).secret).toBe(page.secret);
    expect((await findRun(database.db, 'run'))?.state).not.toContain(page.secret);
    expect(problemsOf(await walk.post({ code: '000000' }))).toEqual(['second-factor.code.wrong']);
    const codes = pageOf(await typeCode(walk));
    expect(codes).toMatchObject({ stage: 'codes', codes: expect.any(Array) });
    expect(codes.codes).toHaveLength(10);
    // nothing counts before the codes are kept
    expect(await findFactor(database.db, 'anna', 'totp')).toBeUndefined();
    expect(pageOf(await walk.post()).codes).toEqual(codes.codes);
    const done = await walk.post({ kept: '1' });
    expect(done).toMatchObject({ kind: 'done', run: { facts: { level: 1, proofs: [{ factor: 'password' }, { factor: 'totp', at: noon }] } } });
    expect(await findFactor(database.db, 'anna', 'totp')).toMatchObject({ last_step: noon / 30 });
    expect(await listRecoveryCodes(database.db, 'anna')).toHaveLength(10);
    const run = await findRun(database.db, 'run');
    for (const code of codes.codes!) expect(`${run?.state}${run?.journal}`).not.toContain(code);
    expect((await listAudit(database.db)).map((row) => row.event)).toEqual(expect.arrayContaining(['factor.added', 'recovery.made', 'step.passed', 'login.completed']));
  });

  test('a phone: number, code, recovery codes', async () => {
    const walk = await walkTo();
    await walk.post({ method: 'sms' });
    expect(problemsOf(await walk.post({ phone: '0900 1234567' }))).toEqual(['second-factor.phone.not_dialable']);
    expect(await walk.show()).toMatchObject({ page: { stage: 'phone' }, values: { phone: '0900 1234567' } });
    expect(pageOf(await walk.post({ phone: '06-12345678' }))).toMatchObject({ stage: 'sms', phone: '+31 •••••••78', pause: 30 });
    expect(problemsOf(await walk.post({ action: 'resend' }))).toEqual(['second-factor.code.pause']);
    walk.clock.now += 30;
    await walk.post({ action: 'call' });
    expect(pageOf(await walk.post({ code: await sentCode(database, 'voice') })).stage).toBe('codes');
    expect(await walk.post({ kept: '1' })).toMatchObject({ kind: 'done', run: { facts: { level: 1, proofs: [{}, { factor: 'sms', at: noon + 30 }] } } });
    expect(JSON.stringify(await findRun(database.db, 'run'))).not.toContain('12345678"');
  });

  test('another method after all; one method needs no choice; a realm without recovery codes shows none', async () => {
    const walk = await walkTo();
    await walk.post({ method: 'sms' });
    expect(pageOf(await walk.post({ action: 'other' })).stage).toBe('choice');
    const one = await walkTo('bert', { id: 'run2', realm: twoStepRealm({ second_factor: { ...realm.second_factor, methods: ['totp'], recovery_codes: 0 } }) });
    expect(pageOf(await one.show()).stage).toBe('totp');
    expect(whereIs(await typeCode(one))).toBe('done');
  });

  test('of two logins that set one up, the second one finds it set up: it is asked, not replaced', async () => {
    const [first, second] = [await walkTo(), await walkTo('anna', { id: 'run2' })];
    for (const walk of [first, second]) { await walk.post({ method: 'totp' }); await typeCode(walk); }
    expect(whereIs(await first.post({ kept: '1' }))).toBe('done');
    const before = await findFactor(database.db, 'anna', 'totp');
    expect(whereIs(await second.post({ kept: '1' }))).not.toBe('done');
    expect(whereIs(await second.show())).toBe('totp');
    expect((await findFactor(database.db, 'anna', 'totp'))?.secret).toBe(before?.secret);
  });

  test('without an account there is nothing to set up', async () => {
    expect(await submit(secondFactor, { realm, database }, { method: 'totp' })).toMatchObject({ kind: 'deny', code: 'account_inactive' });
  });

  test('what was begun by another account does not open', async () => {
    const walk = await walkTo();
    await walk.post({ method: 'totp' });
    const state = JSON.parse((await findRun(database.db, 'run'))!.state) as Record<string, { pending?: string }>;
    state['second-factor']!.pending = vault.seal('JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP', 'totp:bert');
    await database.db.updateTable('runs').set({ state: JSON.stringify(state) }).where('id', '=', 'run').execute();
    expect(pageOf(await walk.show()).stage).toBe('choice');
    expect(problemsOf(await walk.post({ code: codeAt() }))).toEqual(['second-factor.code.unreadable']);
    expect(pageOf(await walk.post({ method: 'totp' })).stage).toBe('totp');
  });
});

describe('CAK-8 at each login', () => {
  test('the flow is proved: it cannot end below the level of two factors', () => {
    expect(proveRealm(realm, steps)).toEqual([]);
  });

  test('the app is asked, and one of the two is enough', async () => {
    await hasFactor(database, 'anna', 'totp');
    await hasFactor(database, 'anna', 'sms');
    const walk = await walkTo();
    expect(whereIs(await walk.show())).toBe('totp');
    expect(whereIs(await walk.post({ code: codeAt() }))).toBe('done');
    expect(await listOutbox(database.db, { channel: 'sms' })).toEqual([]);
  });

  test('another way and back: SMS sends its code on arrival, once', async () => {
    await hasFactor(database, 'anna', 'totp');
    await hasFactor(database, 'anna', 'sms');
    const walk = await walkTo();
    expect(whereIs(await walk.post({ action: 'other' }))).toBe('sms-code');
    expect(whereIs(await walk.post({ action: 'other' }))).toBe('totp');
    expect(whereIs(await walk.post({ action: 'sms' }))).toBe('sms-code');
    expect(await listOutbox(database.db, { channel: 'sms' })).toHaveLength(1);
    expect(whereIs(await walk.post({ code: await sentCode(database) }))).toBe('done');
  });

  test('a recovery code in place of the app, and back from it', async () => {
    const setUp = await walkTo();
    await setUp.post({ method: 'totp' });
    const { codes } = pageOf(await typeCode(setUp));
    await setUp.post({ kept: '1' });
    const walk = await walkTo('anna', { id: 'run2' });
    expect(await walk.post({ action: 'other' })).toMatchObject({ binding: 'recovery-code', page: { left: 10, ways: ['totp'] } });
    expect(whereIs(await walk.post({ action: 'other' }))).toBe('totp');
    await walk.post({ action: 'recovery' });
    expect(problemsOf(await walk.post({ code: 'AAAA-AAAA-AAAA' }))).toEqual(['recovery-code.wrong']);
    expect(await walk.post({ code: codes![0]! })).toMatchObject({ kind: 'done', run: { facts: { level: 1 } } });
  });

  test('fifty posts of one code in fifty logins: one gets in', async () => {
    await hasFactor(database, 'anna', 'totp');
    const walks = [];
    for (let n = 0; n < 50; n += 1) walks.push(await walkTo('anna', { id: `run${n}` }));
    const turns = await Promise.all(walks.map((walk) => walk.post({ code: codeAt() })));
    expect(turns.filter((turn) => turn.kind === 'done')).toHaveLength(1);
    expect(turns.filter((turn) => turn.kind === 'end')).toHaveLength(0);
  });

  test('in the middle of a login: a locked account is out, another factor is asked for a removed one, and who lost all begins anew', async () => {
    await hasFactor(database, 'anna', 'totp');
    await hasFactor(database, 'anna', 'sms');
    const walk = await walkTo();
    await removeFactor(database.db, 'anna', 'totp');
    expect(whereIs(await walk.show())).toBe('sms-code');
    await database.transaction((tx) => wipeFactors(tx, { realm, accountId: 'anna', now: noon, actor: desk }));
    expect(whereIs(await walk.show())).toBe('shows');
    const locked = await walkTo('anna', { id: 'locked' });
    await updateAccount(database.db, 'anna', { status: 'locked' });
    expect(whereIs(await locked.show())).toBe('end account_inactive');
  });
});
