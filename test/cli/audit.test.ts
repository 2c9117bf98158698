import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { sealBatch } from '../../src/store/audit-chain.ts';
import { openDatabase, type Database } from '../../src/store/database.ts';
import { openDesk, type Desk } from './support.ts';

const ib = ['--realm', 'inlichtingenbureau'];

let desk: Desk;
beforeEach(async () => {
  desk = openDesk();
  await desk.run('migrate');
  for (const number of ['99990401', '99990402']) await desk.json('organisation', 'create', ...ib, '--name', `Gemeente ${number}`, '--identifier', `kvk:${number}`);
});
afterEach(() => desk.remove());

async function inDatabase<T>(work: (database: Database) => Promise<T>): Promise<T> {
  const database = openDatabase({ file: join(desk.folder, 'data/inlichtingenbureau.sqlite') });
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}

const seal = () => inDatabase((database) => sealBatch(database, 100, desk.now));

test('a whole trail: exit code 0, what is sealed and what is not yet, and the test itself in the trail', async () => {
  expect(await desk.run('audit', 'verify', ...ib)).toMatchObject({ code: 0, out: 'the trail is whole: 0 sealed, 2 not yet sealed' });
  await seal();
  expect(await desk.json('audit', 'verify', ...ib)).toEqual({ ok: true, sealed: 3, unsealed: 0, head: expect.stringMatching(/^[0-9a-f]{64}$/) });
  expect(await desk.json('audit', 'list', ...ib, '--event', 'audit.verified')).toMatchObject([{ outcome: 'success', detail: { sealed: 3 } }, { outcome: 'success', detail: { sealed: 0 } }]);
});

test('a broken trail: exit code 1, and where it is broken', async () => {
  await seal();
  const id = await inDatabase(async ({ db }) => {
    const row = await db.selectFrom('audit').select('id').orderBy('seq', 'desc').limit(1).executeTakeFirstOrThrow();
    await db.updateTable('audit').set({ actor: '{"kind":"desk","id":"nobody"}' }).where('id', '=', row.id).execute();
    return row.id;
  });
  expect(await desk.run('audit', 'verify', ...ib)).toMatchObject({ code: 1, out: `the trail is broken: row 2 of the chain (audit id ${id}) was changed after it was sealed` });
  const { code, out } = await desk.run('audit', 'verify', ...ib, '--json');
  expect([code, JSON.parse(out)]).toEqual([1, { ok: false, position: 2, auditId: id, what: 'changed' }]);
  const { 0: last } = await desk.json<object[]>('audit', 'list', ...ib);
  expect(last).toMatchObject({ event: 'audit.verified', outcome: 'failed', reason: 'chain.changed', detail: { position: 2 } });
});

test('a row put in beside the product is named', async () => {
  await inDatabase(({ db }) => db.insertInto('audit').values({ id: 'false', at: 1, event: 'e', action: 'U', outcome: 'success', actor: '{"kind":"desk","id":"x"}', detail: '{}' }).execute());
  expect(await desk.run('audit', 'verify', ...ib)).toMatchObject({ code: 1, out: 'the trail is broken: a row without seal (audit id false) was put in from outside' });
});

test('a chain that was made anew fits itself, but not the hash that was noted', async () => {
  await seal();
  const { head } = await desk.json<{ head: string }>('audit', 'verify', ...ib);
  expect(await desk.run('audit', 'verify', ...ib, '--noted', head)).toMatchObject({ code: 0 });
  await inDatabase(async ({ db }) => {
    await db.updateTable('audit').set({ reason: 'other' }).where('event', '=', 'organisation.created').execute();
    await db.deleteFrom('audit_unsealed').execute();
    await db.insertInto('audit_unsealed').columns(['audit_id']).expression(db.selectFrom('audit').select('id')).execute();
    await db.deleteFrom('audit_seals').execute();
    await db.updateTable('audit_head').set({ position: 0, hash: '' }).execute();
  });
  await seal();
  expect(await desk.run('audit', 'verify', ...ib)).toMatchObject({ code: 0 });
  expect(await desk.run('audit', 'verify', ...ib, '--noted', head)).toMatchObject({ code: 1, out: expect.stringContaining('the noted hash is not in the chain') });
});
