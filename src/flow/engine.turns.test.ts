import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { begin, name, realmWith, stepsOf, tiny, whereIs } from '../../test/support/flow.ts';
import { emptyDatabase } from '../../test/support/house.ts';
import { anAccount } from '../../test/support/rows.ts';
import { updateAccount } from '../store/accounts.ts';
import { listAudit } from '../store/audit.ts';
import type { Database } from '../store/database.ts';
import { enqueue, listOutbox } from '../store/outbox.ts';
import { findRun } from '../store/runs.ts';
import { Overtaken } from './step.ts';

let database: Database;
beforeEach(async () => {
  database = await emptyDatabase();
  await anAccount(database.db, 'anna', { given_name: 'Anna', family_name: 'Bakker' });
});
afterEach(() => database.close());

const plain = tiny('plain');
const audited = async (event?: string) => (await listAudit(database.db, event ? { event } : {})).map((row) => [row.event, row.outcome, row.reason, row.detail['binding']]).reverse();
const stored = () => findRun(database.db, 'run');

describe('a stale post changes nothing', () => {
  test.each([
    ['an older version', { version: 1 }],
    ['a version that is still to come', { version: 99 }],
    ['no number', { version: Number.NaN }],
    ['another binding', { binding: 'plain' }],
    ['a binding that there is not', { binding: 'constructor' }],
  ])('%s', async (_, other) => {
    const run = await begin({ realm: realmWith(['name', 'plain']), steps: stepsOf(name, plain), database });
    await run.post({ password: 'wrong' });
    await run.post({ password: 'wrong' });
    const before = await stored();
    const rows = await audited();
    expect((await run.post({ account: 'anna' }, other)).kind).toBe('stale');
    expect(await stored()).toEqual(before);
    expect(await audited()).toEqual(rows);
  });

  test('the back button: the page before is stale, the page now goes on', async () => {
    const run = await begin({ realm: realmWith(['name', 'plain']), steps: stepsOf(name, plain), database });
    const first = await run.show();
    await run.post({ account: 'anna' });
    expect((await run.post({ account: 'mallory' }, first as { binding: string; version: number })).kind).toBe('stale');
    expect(whereIs(await run.show())).toBe('plain');
    expect((await stored())?.journal).not.toContain('mallory');
  });

  test('a post to a run that is done or ended finds it so', async () => {
    const run = await begin({ realm: realmWith(['name']), steps: stepsOf(name), database });
    const page = await run.show() as { binding: string; version: number };
    await run.post({ account: 'anna' });
    expect((await run.post({ account: 'mallory' }, page)).kind).toBe('done');
    expect((await stored())?.account_id).toBe('anna');
  });
});

describe('two turns at once', () => {
  test('one wins, the other is stale: journal, messages and audit have one of each', async () => {
    const telling = tiny('telling', {
      submit: async (run: { now: number }) => ({ kind: 'pass', commit: async (tx: never) => { await enqueue(tx, { channel: 'mail', recipient: 'a@b.example', subject: 's', text: 't', now: run.now }); } }),
    } as never);
    const run = await begin({ realm: realmWith([{ step: 'telling' }, 'name']), steps: stepsOf(telling, name), database });
    const page = await run.show() as { binding: string; version: number };
    const kinds = (await Promise.all(Array.from({ length: 8 }, () => run.engine.submit('run', { ...page, fields: {} }, { address: '', language: 'nl', remembered: {} })))).map((t) => t.kind).sort();
    expect(kinds).toEqual(['page', ...Array(7).fill('stale')]);
    expect(JSON.parse((await stored())!.journal)).toHaveLength(1);
    expect(await listOutbox(database.db)).toHaveLength(1);
    expect(await audited('step.passed')).toHaveLength(1);
  });

  test('two different answers in two tabs: only one of them is kept', async () => {
    await anAccount(database.db, 'bert');
    const run = await begin({ realm: realmWith(['name', 'plain']), steps: stepsOf(name, plain), database });
    const page = await run.show() as { binding: string; version: number };
    const turns = await Promise.all(['anna', 'bert'].map((account) => run.post({ account }, page)));
    expect(turns.map((t) => t.kind).sort()).toEqual(['page', 'stale']);
    expect(JSON.parse((await stored())!.journal)).toHaveLength(1);
  });
});

describe('a turn is whole or not at all', () => {
  const failing = (error: Error) => tiny('failing', {
    submit: async (run: { now: number; audit: (e: { event: string }) => (tx: never) => Promise<void> }) => ({
      kind: 'pass', state: { n: 1 }, proofs: [{ factor: 'x', level: 'low', at: run.now }],
      commit: async (tx: never) => {
        await enqueue(tx, { channel: 'mail', recipient: 'a@b.example', subject: 's', text: 't', now: run.now });
        await updateAccount(tx, 'anna', { status: 'locked' });
        await run.audit({ event: 'failing.done' })(tx);
        throw error;
      },
    }),
  } as never);

  test('a commit that finds itself overtaken undoes journal, state, messages, audit and everything else', async () => {
    const run = await begin({ realm: realmWith(['failing']), steps: stepsOf(failing(new Overtaken())), database });
    await run.show();
    const before = await stored();
    expect((await run.post()).kind).toBe('stale');
    expect(await stored()).toEqual(before);
    expect(await listOutbox(database.db)).toEqual([]);
    expect(await audited()).toEqual([]);
    expect((await database.db.selectFrom('accounts').select('status').executeTakeFirst())?.status).toBe('active');
    expect(whereIs(await run.show())).toBe('failing');
  });

  test('so does any other error, which is not hidden', async () => {
    const run = await begin({ realm: realmWith(['failing']), steps: stepsOf(failing(new Error('disk full'))), database });
    await run.show();
    const before = await stored();
    await expect(run.post()).rejects.toThrow('disk full');
    expect(await stored()).toEqual(before);
    expect(await listOutbox(database.db)).toEqual([]);
  });

  test('what follows in the same turn is part of it: a gate that fails to open undoes the pass before it', async () => {
    const broken = tiny('broken', { enter: async () => { throw new Error('no'); } });
    const run = await begin({ realm: realmWith(['name', 'broken']), steps: stepsOf(name, broken), database });
    await run.show();
    const before = await stored();
    await expect(run.post({ account: 'anna' })).rejects.toThrow('no');
    expect(await stored()).toEqual(before);
    expect(whereIs(await run.show())).toBe('name');
  });
});

describe('what is kept', () => {
  test('a refused form comes back once with its values and problems, never with a secret', async () => {
    const run = await begin({ realm: realmWith(['name', 'plain']), steps: stepsOf(name, plain), database });
    const turn = await run.post({ account: 'anna', password: 'wrong' });
    expect(turn).toMatchObject({ kind: 'page', problems: [{ field: 'password', code: 'name.wrong' }], values: { account: 'anna' } });
    expect((turn as { values: object }).values).not.toHaveProperty('password');
    // reloading shows it again; the next turn clears it
    expect(await run.show()).toMatchObject({ problems: [{ code: 'name.wrong' }] });
    expect(await run.post({ account: 'anna' })).toMatchObject({ kind: 'page', binding: 'plain', problems: [], values: {} });
  });

  test('a secret is in no column of any table after a wrong and a right turn', async () => {
    const keep = tiny('keep', { secrets: ['password'], submit: async () => ({ kind: 'ask', problems: [{ code: 'no' }] }) });
    const run = await begin({ realm: realmWith(['keep']), steps: stepsOf(keep), database });
    await run.post({ password: 'Gänse-Blümchen-7', note: 'kept' });
    for (const table of ['runs', 'audit', 'tickets', 'outbox'] as const) {
      const text = JSON.stringify(await database.db.selectFrom(table).selectAll().execute());
      expect(text).not.toContain('Blümchen');
      if (table === 'runs') expect(text).toContain('kept');
    }
  });
});

describe('the trail', () => {
  test('a refused form, a pass, and the login have their rows, with who, where and which run', async () => {
    const run = await begin({ realm: realmWith(['name', 'plain']), steps: stepsOf(name, plain), database });
    await run.post({ password: 'wrong' });
    await run.post({ account: 'anna' });
    await run.post();
    expect(await audited()).toEqual([
      ['step.refused', 'refused', 'name.wrong', 'name'], ['step.passed', 'success', null, 'name'],
      ['step.passed', 'success', null, 'plain'], ['login.completed', 'success', null, undefined],
    ]);
    const [last] = await listAudit(database.db);
    expect(last).toMatchObject({ actor: { kind: 'person', id: 'anna', display: 'Anna Bakker' }, run_id: 'run', client_id: 'client', address: '192.0.2.1', action: 'E' });
    expect((await listAudit(database.db)).at(-1)?.actor).toEqual({ kind: 'person', id: 'unknown' });
  });

  test('a refusal, a good end that is no login, and what a step records itself', async () => {
    const end = (id: string, ended?: 'fine') => tiny(id, {
      submit: async (run: { audit: (e: object) => never }) => ({ kind: 'deny', code: id, ...(ended && { ended }), commit: run.audit({ event: `${id}.done`, detail: { x: 1 } }) }),
    } as never);
    const steps = stepsOf(end('verified', 'fine'), end('refused'));
    const fine = await begin({ realm: realmWith(['verified']), steps, database });
    expect(await fine.post()).toMatchObject({ kind: 'end', code: 'verified', fine: true });
    const bad = await begin({ realm: realmWith(['refused']), steps, database, id: 'other' });
    const page = await bad.engine.show('other', { address: '', language: 'nl', remembered: {} }) as { binding: string; version: number };
    expect(await bad.engine.submit('other', { ...page, fields: {} }, { address: '', language: 'nl', remembered: {} })).toMatchObject({ kind: 'end', code: 'refused', fine: false });
    expect(await audited()).toEqual([
      ['verified.done', 'success', null, undefined], ['login.ended', 'success', 'verified', 'verified'],
      ['refused.done', 'success', null, undefined], ['login.refused', 'refused', 'refused', 'refused'],
    ]);
  });

  test('looking at a page leaves no row', async () => {
    const run = await begin({ realm: realmWith(['name']), steps: stepsOf(name), database });
    await run.show();
    await run.show();
    expect(await audited()).toEqual([]);
  });
});
