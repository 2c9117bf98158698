import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { begin, brokerAnswer, name, realmWith, stepsOf, tiny, viewer, whereIs, type Walk } from '../../test/support/flow.ts';
import { emptyDatabase, noon } from '../../test/support/house.ts';
import { anAccount, anOrganisation, aMembership } from '../../test/support/rows.ts';
import { updateAccount } from '../store/accounts.ts';
import { listAudit } from '../store/audit.ts';
import type { Database } from '../store/database.ts';
import { insertIdentity } from '../store/identities.ts';
import { issueTicket, peekTicket } from '../store/tickets.ts';
import { BROKER_ANSWER, BROKER_REQUEST } from './engine.ts';
import type { BrokerEvent, Outcome } from './step.ts';

let database: Database;
beforeEach(async () => {
  database = await emptyDatabase();
  await anAccount(database.db, 'anna');
  await anOrganisation(database.db, 'lissendam', { kvk: '99990001' });
  await aMembership(database.db, 'm1', 'anna', 'lissendam', { status: 'active' });
  await insertIdentity(database.db, { broker_id: 'reecent', acting_subject: 'anna@1', organisation_id: 'lissendam', account_id: 'anna', created_at: noon, last_seen_at: noon });
});
afterEach(() => database.close());

const identity = { id: 'reecent', actingSubject: 'anna@1', organisation: { kvk: '99990001' }, person: {} };
const plain = tiny('plain');
const away = tiny('away', {
  model: () => ({ settledBy: ['identified', 'level_reached'], passes: true, gives: ['identified'] }),
  submit: async () => ({ kind: 'leave', broker: 'reecent' }),
  resume: async (_run: unknown, event: BrokerEvent): Promise<Outcome<unknown>> => (event.ok
    ? { kind: 'pass', proofs: [{ factor: 'broker', level: event.level, at: event.at, broker: event.identity }] }
    : { kind: 'ask', problems: [{ code: `away.${event.code}` }] }),
} as never);
const walk = (more = {}): Promise<Walk> => begin({ realm: realmWith(['away', 'plain']), steps: stepsOf(away, plain, name), database, ...more });
const seedOf = (level: string, more = {}) => ({ at: noon - 600, proofs: [{ factor: 'name', level, at: noon - 600 }], accountId: 'anna', organisationId: 'lissendam', ...more });

describe('to a broker and back', () => {
  test('leaving issues a ticket with what was asked, under the handle that the broker gives back', async () => {
    const run = await walk({ levelId: 'substantial' });
    const turn = await run.post();
    expect(turn).toMatchObject({ kind: 'leave', broker: 'reecent', message: { to: 'reecent', levelId: 'substantial', language: 'nl' } });
    const { handle, message } = turn as { handle: string; message: { relay: string } };
    expect(message.relay).toBe(handle);
    expect(await peekTicket(database.db, BROKER_REQUEST, handle, noon)).toEqual({ runId: 'run', payload: { binding: 'away', broker: 'reecent', pending: { asked: 'reecent' } } });
    expect(JSON.stringify(await database.db.selectFrom('tickets').selectAll().execute())).not.toContain(handle);
    expect((await listAudit(database.db, { event: 'step.left' }))[0]).toMatchObject({ outcome: 'success', detail: { binding: 'away' } });
  });

  test('who comes back without an answer finds the page again and may choose anew', async () => {
    const run = await walk();
    await run.post();
    expect(whereIs(await run.show())).toBe('away');
    expect((await run.post()).kind).toBe('leave');
  });

  test('an answer brings the proof with its own time, and the account that belongs to it', async () => {
    const run = await walk();
    await run.post();
    const turn = await run.resume(await run.answer('away', brokerAnswer(identity, 'substantial', noon - 5)));
    expect(whereIs(turn)).toBe('plain');
    expect((turn as { run: Walk['engine'] extends never ? never : { facts: object } }).run.facts).toMatchObject({
      account: { id: 'anna' }, organisation: { id: 'lissendam' }, level: 1, proofs: [{ factor: 'broker', at: noon - 5 }],
    });
  });

  test('an answer that says no is a problem on the page', async () => {
    const run = await walk();
    const turn = await run.resume(await run.answer('away', { kind: 'broker', broker: 'reecent', ok: false, code: 'cancelled' }));
    expect(turn).toMatchObject({ kind: 'page', binding: 'away', problems: [{ code: 'away.cancelled' }] });
  });

  test('an answer works once, also when it comes twice at once', async () => {
    const run = await walk();
    await run.show();
    const handle = await run.answer('away', { kind: 'broker', broker: 'reecent', ok: false, code: 'cancelled' });
    const turns = await Promise.all([run.resume(handle), run.resume(handle), run.resume(handle)]);
    expect(turns.map((t) => t.kind).sort()).toEqual(['page', 'stale', 'stale']);
    expect((await run.resume(handle)).kind).toBe('stale');
    expect(await listAudit(database.db, { event: 'step.refused' })).toHaveLength(1);
  });

  test('a foreign, expired, unknown or mistaken answer changes nothing', async () => {
    const run = await walk();
    const event = brokerAnswer(identity);
    await begin({ realm: realmWith(['away', 'plain']), steps: stepsOf(away, plain), database, id: 'other' });
    const foreign = await issueTicket(database.db, { kind: BROKER_ANSWER, runId: 'other', payload: { binding: 'away', event }, ttl: 300, now: noon });
    const request = await issueTicket(database.db, { kind: BROKER_REQUEST, runId: 'run', payload: { binding: 'away', event }, ttl: 300, now: noon });
    const old = await issueTicket(database.db, { kind: BROKER_ANSWER, runId: 'run', payload: { binding: 'away', event }, ttl: 300, now: noon - 301 });
    const elsewhere = await run.answer('plain', event);
    for (const handle of [foreign, request, old, elsewhere, 'guessed', '']) expect((await run.resume(handle)).kind).toBe('stale');
    expect(whereIs(await run.show())).toBe('away');
    // the foreign answer still waits for its own run
    expect(await peekTicket(database.db, BROKER_ANSWER, foreign, noon)).toBeDefined();
  });

  test('the broker decides who stands here: a remembered account does not survive another proof', async () => {
    await anAccount(database.db, 'bert');
    const run = await walk({ seed: { at: noon, proofs: [{ factor: 'name', level: 'low', at: noon }], accountId: 'bert' }, levelId: 'substantial' });
    const turn = await run.resume(await run.answer('away', brokerAnswer({ ...identity, actingSubject: 'stranger@1' })));
    expect((turn as { run: { facts: { account: unknown } } }).run.facts.account).toBeUndefined();
  });
});

describe('a session brings along what it proved', () => {
  test('single sign-on: nothing is missing, nothing is asked', async () => {
    const run = await begin({ realm: realmWith(['name'], { ensure: ['account_active'] }), steps: stepsOf(name), database, seed: seedOf('low') });
    expect(whereIs(await run.show())).toBe('done');
  });

  test('only what is missing is asked', async () => {
    const run = await begin({ realm: realmWith(['name', 'plain']), steps: stepsOf(name, plain), database, seed: seedOf('low') });
    expect(whereIs(await run.show())).toBe('plain');
    expect(whereIs(await run.post())).toBe('done');
  });

  test('step-up: a higher level is asked of who has a lower one, and the first proof keeps its time', async () => {
    const run = await begin({ realm: realmWith(['name']), steps: stepsOf(name), database, seed: seedOf('low'), levelId: 'substantial' });
    expect(whereIs(await run.show())).toBe('name');
    const turn = await run.post({ account: 'anna' });
    expect(turn).toMatchObject({ kind: 'done', run: { facts: { level: 1, proofs: [{ at: noon - 600 }, { at: noon }] } } });
  });

  test('an account that was locked meanwhile does not come in on its session', async () => {
    await updateAccount(database.db, 'anna', { status: 'locked' });
    const run = await begin({ realm: realmWith(['name'], { ensure: ['account_active'] }), steps: stepsOf(name), database, seed: seedOf('low') });
    expect(whereIs(await run.show())).toBe('end flow_unsafe');
  });

  test('a session without proofs brings nothing', async () => {
    const run = await begin({ realm: realmWith(['name']), steps: stepsOf(name), database, seed: { at: noon, proofs: [], accountId: 'anna' } });
    expect(await run.show()).toMatchObject({ kind: 'page', run: { journal: [], facts: { account: undefined } } });
  });

  test('a silent request is told what a run would come to', async () => {
    const { engine } = await begin({ realm: realmWith(['name'], { ensure: ['account_active'] }), steps: stepsOf(name), database });
    const portal = realmWith(['name']).portals[0]!;
    const journal = [{ binding: '@session', ...seedOf('low') }];
    const asked = (levelId: string, shown = journal) => engine.judge(portal, { levelId, by: 'request' }, shown);
    expect(await asked('low')).toMatchObject({ admitted: true, lacking: [], outOfReach: false, facts: { account: { id: 'anna' } } });
    expect(await asked('substantial')).toMatchObject({ admitted: false, lacking: ['level_reached'], outOfReach: false });
    expect(await asked('low', [])).toMatchObject({ admitted: false, lacking: ['account_active', 'identified', 'level_reached'], outOfReach: false });
    expect(await asked('unknown')).toMatchObject({ admitted: false, outOfReach: true, facts: { required: { level: 2 } } });
    await updateAccount(database.db, 'anna', { status: 'locked' });
    expect(await asked('low')).toMatchObject({ admitted: false, lacking: ['account_active'] });
  });
});

describe('a run that took too long', () => {
  test('is expired to every way in, changes nothing, and still knows its portal', async () => {
    const run = await walk();
    const page = await run.show() as { binding: string; version: number };
    const handle = await issueTicket(database.db, { kind: BROKER_ANSWER, runId: 'run', payload: { binding: 'away', event: brokerAnswer(identity) }, ttl: 9999, now: noon });
    run.clock.now = noon + 3600;
    expect(await run.show()).toMatchObject({ kind: 'expired', run: { portal: { url: 'http://localhost:9/portaal/' }, request: { redirectUri: 'https://portal.example/cb', state: 's' } } });
    expect((await run.engine.submit('run', { ...page, fields: {} }, viewer)).kind).toBe('expired');
    expect((await run.resume(handle)).kind).toBe('expired');
    expect(await listAudit(database.db)).toEqual([]);
  });

  test('one second before, it is not', async () => {
    const run = await walk();
    run.clock.now = noon + 3599;
    expect((await run.post()).kind).toBe('leave');
  });

  test('done and ended stay so after their time', async () => {
    const run = await begin({ realm: realmWith(['name']), steps: stepsOf(name), database });
    await run.post({ account: 'anna' });
    run.clock.now = noon + 99_999;
    expect((await run.show()).kind).toBe('done');
  });
});

describe('beginning anew', () => {
  const end = tiny('end', { model: () => ({ settledBy: ['account_active'], passes: false, gives: [] }), enter: async () => ({ kind: 'deny', code: 'account_inactive' }) });

  test('a refused run starts over without what a session brought along; its trail stays', async () => {
    await updateAccount(database.db, 'anna', { status: 'locked' });
    const run = await begin({ realm: realmWith(['name', 'end']), steps: stepsOf(name, end), database, seed: seedOf('low') });
    expect(whereIs(await run.show())).toBe('end account_inactive');
    await run.engine.restart('run');
    expect(await run.show()).toMatchObject({ kind: 'page', binding: 'name', problems: [], run: { journal: [], facts: { proofs: [] } } });
    expect(await listAudit(database.db, { event: 'login.refused' })).toHaveLength(1);
  });

  test('a run that is open, done, expired or unknown is left as it is', async () => {
    const run = await begin({ realm: realmWith(['name', 'plain']), steps: stepsOf(name, plain), database });
    await run.post({ account: 'anna' });
    await run.engine.restart('run');
    expect(whereIs(await run.show())).toBe('plain');
    await run.post();
    await run.engine.restart('run');
    expect(whereIs(await run.show())).toBe('done');
    await run.engine.restart('none');
  });
});
