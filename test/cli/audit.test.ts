import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { appendAudit } from '../../src/store/audit.ts';
import { sealBatch } from '../../src/store/audit-chain.ts';
import { withAuditContext } from '../../src/store/audit-context.ts';
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

test('what a command did says so: the machine as access point, the command line as source', async () => {
  const [row] = await desk.json<Record<string, unknown>[]>('audit', 'list', ...ib, '--event', 'organisation.created', '--limit', '1');
  expect(row).toMatchObject({ address: hostname(), source: expect.stringMatching(/^cli\/\d/), reference: null, actor: { kind: 'desk' } });
  expect((await desk.run('audit', 'list', ...ib)).out).toContain(hostname());
});

test('a trail of several pages is exported whole, as lines and as a list', async () => {
  await inDatabase(({ transaction }) => transaction(async (tx) => {
    for (let n = 0; n < 1200; n += 1) await appendAudit(tx, { event: 'e', action: 'U', outcome: 'success', actor: { kind: 'system', id: 's' }, detail: { n }, now: desk.now });
  }));
  const lines = (await desk.run('audit', 'export', ...ib, '--event', 'e')).out.split('\n').map((line) => (JSON.parse(line) as { detail: { n: number } }).detail.n);
  expect(lines).toEqual(Array.from({ length: 1200 }, (_, n) => n));
  expect(await desk.json<unknown[]>('audit', 'export', ...ib, '--event', 'e')).toHaveLength(1200);
  expect(await desk.json<unknown[]>('audit', 'export', ...ib, '--event', 'nothing')).toEqual([]);
  expect((await desk.run('audit', 'export', ...ib, '--event', 'nothing')).out).toBe('');
});

test('the reference that a caller reads out finds what their request did', async () => {
  await inDatabase(({ db }) => withAuditContext({ component: 'http', reference: 'A1B2C3D4E5' }, () => appendAudit(db, { event: 'found', action: 'E', outcome: 'refused', actor: { kind: 'person', id: 'p' }, now: desk.now })));
  expect(await desk.json('audit', 'list', ...ib, '--reference', ' a1b2c3d4e5')).toMatchObject([{ event: 'found' }]);
  expect(await desk.json('audit', 'export', ...ib, '--reference', 'A1B2C3D4E5')).toMatchObject([{ event: 'found' }]);
});
