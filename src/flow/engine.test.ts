import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { begin, name, realmWith, stepsOf, tiny, viewer, whereIs, type Walk } from '../../test/support/flow.ts';
import { hasFactor } from '../../test/support/factors.ts';
import { emptyDatabase, noon, vault } from '../../test/support/house.ts';
import { aMembership, anAccount, anOrganisation } from '../../test/support/rows.ts';
import { findAccount, updateAccount } from '../store/accounts.ts';
import { listAudit } from '../store/audit.ts';
import type { Database } from '../store/database.ts';
import { updateMembership } from '../store/memberships.ts';
import { findRun } from '../store/runs.ts';
import { Engine } from './engine.ts';
import { FlowError } from './flow.ts';

let database: Database;
beforeEach(async () => {
  database = await emptyDatabase();
  await anAccount(database.db, 'anna', { given_name: 'Anna', family_name: 'Bakker' });
  await anOrganisation(database.db, 'lissendam');
  await aMembership(database.db, 'm1', 'anna', 'lissendam', { status: 'active' });
});
afterEach(() => database.close());

const plain = tiny('plain');
const second = tiny('second');
const gate = tiny('gate', {
  model: () => ({ settledBy: ['account_active'], passes: false, gives: [] }),
  enter: async () => ({ kind: 'deny', code: 'account_inactive', params: { portal: 'Portaal' } }),
});
const walk = (bindings: Parameters<typeof realmWith>[0], options: Parameters<typeof realmWith>[1] = {}, more = {}): Promise<Walk> =>
  begin({ realm: realmWith(bindings, options), steps: stepsOf(plain, second, name, gate), database, ...more });

describe('the order of a flow', () => {
  test('bindings are asked from the first to the last, then the login is done', async () => {
    const run = await walk(['name', 'plain', 'second']);
    expect(whereIs(await run.show())).toBe('name');
    expect(whereIs(await run.post({ account: 'anna' }))).toBe('plain');
    expect(whereIs(await run.post())).toBe('second');
    expect(whereIs(await run.post())).toBe('done');
    expect(whereIs(await run.show())).toBe('done');
  });

  test('a step that is bound twice is asked twice, each binding by its own id', async () => {
    const run = await walk(['name', 'plain', { id: 'again', step: 'plain' }]);
    await run.post({ account: 'anna' });
    expect(whereIs(await run.post())).toBe('again');
  });

  test.each([
    ['when that does not hold', { when: ['claims_administrator'] }, 'second'],
    ['when of which one does not hold', { when: ['identified', 'claims_administrator'] }, 'second'],
    ['when that holds', { when: ['identified', 'registered'] }, 'plain'],
    ['unless that holds', { unless: ['claims_administrator', 'registered'] }, 'second'],
    ['unless that does not hold', { unless: ['claims_administrator'] }, 'plain'],
    ['any_of without one that holds', { any_of: ['claims_administrator', 'administrator'] }, 'second'],
    ['any_of with one that holds', { any_of: ['claims_administrator', 'verified'] }, 'plain'],
  ])('%s', async (_, conditions, expected) => {
    const run = await walk(['name', { step: 'plain', ...conditions }, 'second']);
    expect(whereIs(await run.post({ account: 'anna', organisation: 'lissendam' }))).toBe(expected);
  });

  test('what is settled already is not asked', async () => {
    const run = await walk(['name', 'gate', 'plain']);
    expect(whereIs(await run.post({ account: 'anna' }))).toBe('plain');
  });

  test('a level that is too low leaves the same binding to be asked no more, and the run ends unsafe', async () => {
    const run = await walk(['name'], { portal: { level: 'substantial' } });
    expect(whereIs(await run.post({ account: 'anna', level: 'low' }))).toBe('end flow_unsafe');
  });

  test('marks of one binding are facts for the next', async () => {
    const claims = tiny('claims', { submit: async () => ({ kind: 'pass', marks: { claims: 'administrator' } }) });
    const realm = realmWith(['name', 'claims', { step: 'plain', when: ['claims_administrator'] }, 'second']);
    const run = await begin({ realm, steps: stepsOf(name, claims, plain, second), database });
    await run.post({ account: 'anna' });
    expect(whereIs(await run.post())).toBe('plain');
  });

  test('who chooses another way is asked that, may choose again, and has shown nothing by it', async () => {
    const choosing = (id: string, other: string) => tiny(id, {
      submit: async (_: unknown, fields: Record<string, string>) => (fields['action'] === 'other' ? { kind: 'choose', marks: { second_factor: other } } : { kind: 'pass' }),
    } as never);
    const realm = realmWith(['name', { step: 'app', unless: ['chose_recovery'] }, { step: 'paper', when: ['chose_recovery'] }]);
    const run = await begin({ realm, steps: stepsOf(name, choosing('app', 'recovery'), choosing('paper', 'totp')), database });
    await hasFactor(database, 'anna', 'totp');
    await run.post({ account: 'anna' });
    expect(whereIs(await run.post({ action: 'other' }))).toBe('paper');
    expect(whereIs(await run.post({ action: 'other' }))).toBe('app');
    const chosen = await run.engine.look('run');
    expect(chosen?.facts.proofs.map(({ factor }) => factor)).toEqual(['name']);
    expect(chosen?.journal.map(({ binding }) => binding)).toEqual(['name', '@choice', '@choice']);
  });

  test.each([['totp', 'chose_totp'], ['sms', 'chose_sms'], ['passkey', 'chose_passkey'], ['recovery', 'chose_recovery']])('a choice of %s counts only as long as it is set up', async (way, predicate) => {
    const asks = tiny('asks', { submit: async () => ({ kind: 'choose', marks: { second_factor: way } }) } as never);
    const run = await begin({ realm: realmWith(['name', { step: 'asks', unless: [predicate] }, 'plain']), steps: stepsOf(name, asks, plain), database });
    if (way === 'passkey') await database.db.insertInto('passkeys').values({ id: 'p', account_id: 'anna', credential_id: 'c', public_key: 'k', counter: 0, transports: '[]', name: 'Sleutel', device: 'single', backed_up: 0, created_at: noon }).execute();
    else await hasFactor(database, 'anna', way === 'sms' ? 'sms' : 'totp');
    await run.post({ account: 'anna' });
    expect(whereIs(await run.post())).toBe('plain');
    await database.db.deleteFrom('passkeys').execute();
    await database.db.deleteFrom('factors').execute();
    expect(whereIs(await run.show())).toBe('asks');
  });

  test('a step that is settled by what an account logs in with needs a flow that says so', () => {
    const renew = tiny('renew', { model: () => ({ settledBy: ['password_current'], passes: true, gives: ['password_current'] }) } as never);
    const start = (realm: ReturnType<typeof realmWith>) => () => new Engine({ realm, steps: stepsOf(name, renew), database, vault, clock: () => noon, depart: async () => ({ message: 1, pending: 1 }) });
    expect(start(realmWith(['name', 'renew']))).toThrow('binding renew is about password_current');
    expect(start(realmWith(['name', 'renew'], { ensure: ['identified', 'password_current'] }))).not.toThrow();
  });

  test('an engine does not start with a flow that names what there is not', () => {
    expect(() => new Engine({ realm: realmWith(['nothing']), steps: stepsOf(plain), database, vault, clock: () => noon, depart: async () => ({ message: 1, pending: 1 }) })).toThrow(FlowError);
  });
});

describe('ensure fails closed', () => {
  test.each([
    ['nobody was identified', ['plain'], ['account_active'], {}],
    ['nobody was identified, though nobody asked for it', ['plain'], ['verified'], {}],
    ['the account is not active', ['name'], ['account_active'], { account: 'nobody' }],
    ['there is no role', ['name'], ['has_role'], { account: 'anna', organisation: 'lissendam' }],
  ])('%s', async (_, bindings, ensure, fields) => {
    const run = await walk(bindings, { ensure, portal: { applications: ['iwmo'] } });
    const turn = await run.post(fields as Record<string, string>);
    expect(turn).toMatchObject({ kind: 'end', code: 'flow_unsafe', fine: false });
    expect((await findRun(database.db, 'run'))?.status).toBe('ended');
    expect(await listAudit(database.db, { event: 'login.completed' })).toEqual([]);
    expect((await listAudit(database.db, { event: 'login.refused' }))[0]?.reason).toContain('ensure: ');
  });

  test('the level is asked also of a flow whose author forgot it, and the level that a request raised', async () => {
    const run = await walk(['name', 'plain'], { ensure: ['registered'] }, { levelId: 'substantial' });
    await run.post({ account: 'anna', level: 'low' });
    // the first binding passed, so it is not asked again; the end judges
    const [row] = await listAudit(database.db, { event: 'step.passed' });
    expect(row?.detail).toEqual({ binding: 'name' });
    expect(whereIs(await run.post())).toBe('end flow_unsafe');
  });
});

describe('facts are those of the moment', () => {
  test('an account that is locked between two turns counts at once', async () => {
    const run = await walk(['name', 'plain', 'gate'], { ensure: ['account_active'] });
    await run.post({ account: 'anna' });
    await updateAccount(database.db, 'anna', { status: 'locked' });
    expect(await run.post()).toMatchObject({ kind: 'end', code: 'account_inactive', params: { portal: 'Portaal' }, fine: false });
  });

  test('a membership that ends between two turns is no longer verified', async () => {
    const run = await walk(['name', 'plain'], { ensure: ['verified'] });
    await run.post({ account: 'anna', organisation: 'lissendam' });
    await updateMembership(database.db, 'm1', { status: 'ended' });
    expect(whereIs(await run.post())).toBe('end flow_unsafe');
  });

  test('a page that was settled while it stood open is stale', async () => {
    const run = await walk(['name', { step: 'plain', unless: ['account_active'] }, 'second']);
    await updateAccount(database.db, 'anna', { status: 'locked' });
    const page = await run.post({ account: 'anna' });
    expect(whereIs(page)).toBe('plain');
    await updateAccount(database.db, 'anna', { status: 'active' });
    expect((await run.post({}, { binding: 'plain', version: (page as { version: number }).version })).kind).toBe('stale');
    expect(whereIs(await run.show())).toBe('second');
  });

  test('a login that is done leaves the account and its moment', async () => {
    const run = await walk(['name']);
    await run.post({ account: 'anna', organisation: 'lissendam' });
    expect(await findRun(database.db, 'run')).toMatchObject({ status: 'done', account_id: 'anna', organisation_id: 'lissendam' });
    expect((await findAccount(database.db, 'anna'))?.last_login_at).toBe(noon);
  });
});

describe('first arrival', () => {
  test('enter is called once, however often the page is shown', async () => {
    let entered = 0;
    const greeting = tiny('greeting', { enter: async () => { entered += 1; return { kind: 'ask', state: { at: 1 } as never }; } });
    const run = await begin({ realm: realmWith(['greeting', 'name']), steps: stepsOf(greeting, name), database });
    await run.show();
    await run.show();
    await Promise.all([run.show(), run.show()]);
    expect(entered).toBe(1);
  });

  test('of two first arrivals at once only one sends its message', async () => {
    let sent = 0;
    const texting = tiny('texting', { enter: async () => ({ kind: 'ask', commit: async () => { sent += 1; } }) });
    const run = await begin({ realm: realmWith(['texting', 'name']), steps: stepsOf(texting, name), database });
    const turns = await Promise.all([run.show(), run.show(), run.show()]);
    expect(turns.map(whereIs)).toEqual(['texting', 'texting', 'texting']);
    expect(sent).toBe(1);
  });

  test('a step may pass on arrival: nobody sees its page', async () => {
    const silent = tiny('silent', { enter: async () => ({ kind: 'pass', proofs: [{ factor: 'address', level: 'low', at: noon }] }) });
    const run = await begin({ realm: realmWith(['silent', 'name']), steps: stepsOf(silent, name), database });
    expect(whereIs(await run.show())).toBe('done');
  });

  test('a step that leaves on arrival is refused: nobody has chosen anything yet', async () => {
    const hasty = tiny('hasty', { enter: async () => ({ kind: 'leave', broker: 'x' }) });
    const run = await begin({ realm: realmWith(['hasty']), steps: stepsOf(hasty), database });
    await expect(run.show()).rejects.toThrow('leaves on arrival');
  });
});

describe('state of a step', () => {
  test('is given back, and as if new when it no longer fits', async () => {
    const seen: unknown[] = [];
    const counting = tiny('counting', {
      state: z.object({ n: z.number() }) as never,
      page: ({ state }: { state: unknown }) => { seen.push(state); return {}; },
      submit: async ({ state }: { state?: { n: number } }) => ({ kind: 'ask', state: { n: (state?.n ?? 0) + 1 } as never }),
    } as never);
    const run = await begin({ realm: realmWith(['counting']), steps: stepsOf(counting), database });
    await run.post();
    await run.post();
    expect(seen.at(-1)).toEqual({ n: 2 });
    await database.db.updateTable('runs').set({ state: JSON.stringify({ 'counting@': 1, counting: { old: true } }) }).execute();
    await run.show();
    expect(seen.at(-1)).toBeUndefined();
  });

  test('an input that the step cannot read is a problem on the page, not an error', async () => {
    const strict = tiny('strict', { input: z.object({ n: z.string().max(3) }) as never });
    const run = await begin({ realm: realmWith(['strict']), steps: stepsOf(strict), database });
    expect(await run.post({ n: 'far too long' })).toMatchObject({ kind: 'page', problems: [{ code: 'input.unreadable' }] });
  });

  test('an unknown run is unknown, to every way in', async () => {
    const { engine } = await walk(['plain']);
    expect((await engine.show('none', viewer)).kind).toBe('unknown');
    expect((await engine.submit('none', { binding: 'plain', version: 1, fields: {} }, viewer)).kind).toBe('unknown');
    expect((await engine.resume('none', 'handle', viewer)).kind).toBe('unknown');
  });
});
