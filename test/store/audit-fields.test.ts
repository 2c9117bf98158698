import { hostname } from 'node:os';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Migrator } from 'kysely';
import { migrations } from '../../db/migrations/index.ts';
import { appendAudit, listAudit, pagesOfAudit, type Actor, type AuditEntry } from '../../src/store/audit.ts';
import { sealBatch } from '../../src/store/audit-chain.ts';
import { noteActor, withAuditContext } from '../../src/store/audit-context.ts';
import { verifyChain } from '../../src/store/audit-verify.ts';
import { migrate, type Database } from '../../src/store/database.ts';
import { dialects, type TestDatabase } from '../support/databases.ts';
import { NOON } from '../support/rows.ts';

const anna: Actor = { kind: 'person', id: 'anna' };

describe.each(dialects)('fields of the audit trail on $name', ({ open }) => {
  let opened: TestDatabase;
  let database: Database;
  beforeEach(async () => {
    opened = await open();
    ({ database } = opened);
  });
  afterEach(() => opened.drop());

  const write = (entry: Partial<AuditEntry> = {}) => appendAudit(database.db, { event: 'e', action: 'U', outcome: 'success', actor: anna, now: NOON, ...entry });
  const newest = async () => (await listAudit(database.db, { limit: 1 }))[0];

  test('rows say from where, with what and by which request they were written, also those of the domain', async () => {
    await withAuditContext({ component: 'http', address: '192.0.2.7', reference: 'A1B2C3D4E5', userAgent: 'Mozilla/5.0 (X11)' }, async () => {
      noteActor({ accountId: 'anna', sessionId: 's1', acr: 'urn:substantial', actingFor: 'org' });
      await database.transaction((tx) => appendAudit(tx, { event: 'e', action: 'U', outcome: 'success', actor: anna, now: NOON }));
    });
    expect(await newest()).toMatchObject({
      address: '192.0.2.7', reference: 'A1B2C3D4E5', user_agent: 'Mozilla/5.0 (X11)', session_id: 's1', acr: 'urn:substantial', acting_for: 'org',
      source: expect.stringMatching(new RegExp(`^http/\\d+\\.\\d+\\.\\d+@${hostname()}$`)),
    });
  });

  test('what is not known stays empty; what the server does by itself says so', async () => {
    await write();
    expect(await newest()).toMatchObject({ address: null, reference: null, user_agent: null, session_id: null, acr: null, acting_for: null, source: expect.stringMatching(/^server\//) });
  });

  test('what the entry says itself rules', async () => {
    await withAuditContext({ component: 'http', address: '192.0.2.7' }, async () => {
      noteActor({ accountId: 'anna', sessionId: 's1', acr: 'urn:low' });
      await write({ address: '192.0.2.8', sessionId: 's2' });
    });
    expect(await newest()).toMatchObject({ address: '192.0.2.8', session_id: 's2', acr: null });
  });

  test.each<[string, Actor]>([['another person', { kind: 'person', id: 'bram' }], ['the service desk', { kind: 'desk', id: 'anna' }], ['a client', { kind: 'client', id: 'anna' }]])('session and level of one person are never lent to %s', async (_, actor) => {
    await withAuditContext({ component: 'http' }, async () => {
      noteActor({ accountId: 'anna', sessionId: 's1', acr: 'urn:substantial' });
      await write({ actor });
    });
    expect(await newest()).toMatchObject({ session_id: null, acr: null });
  });

  test('two requests at once keep apart', async () => {
    const request = (reference: string) => withAuditContext({ component: 'http', reference }, async () => {
      noteActor({ accountId: 'anna', sessionId: reference });
      await new Promise((resolve) => { setTimeout(resolve, 5); });
      await write({ event: reference });
    });
    await Promise.all(['R1', 'R2', 'R3'].map(request));
    for (const row of await listAudit(database.db)) expect([row.reference, row.session_id]).toEqual([row.event, row.event]);
  });

  test('a user agent is cleaned and cut off', async () => {
    await withAuditContext({ component: 'http', userAgent: `a\u0000\u001b[31mb\u202e\u00e9 ${'x'.repeat(5000)}` }, () => write());
    expect((await newest())?.user_agent).toBe(`a?[31mb? ${'x'.repeat(5000)}`.slice(0, 200));
    await withAuditContext({ component: 'http', userAgent: '  ' }, () => write());
    expect((await newest())?.user_agent).toBeNull();
  });

  test('rows that were sealed before the fields were there keep their seals', async () => {
    const old = await open({ empty: true });
    const before = Object.fromEntries(Object.entries(migrations(old.database.dialect)).filter(([name]) => name < '0004'));
    const { error } = await new Migrator({
      db: old.database.db, provider: { getMigrations: async () => before }, ...(old.database.schema && { migrationTableSchema: old.database.schema }),
    }).migrateToLatest();
    expect(error).toBeUndefined();
    for (const id of ['a', 'b', 'c']) {
      await old.database.db.insertInto('audit').values({ id, at: NOON, event: id, action: 'U', outcome: 'success', actor: '{"kind":"desk","id":"x"}', address: '192.0.2.1', detail: '{}' }).execute();
      await old.database.db.insertInto('audit_unsealed').values({ audit_id: id }).execute();
    }
    expect(await sealBatch(old.database, 2, NOON)).toBe(2);
    const head = (await old.database.db.selectFrom('audit_head').select('hash').executeTakeFirstOrThrow()).hash;
    expect(await migrate(old.database)).toContain('0004_audit_fields');
    expect(await verifyChain(old.database)).toEqual({ ok: true, sealed: 2, unsealed: 1, head });
    await withAuditContext({ component: 'http', reference: 'R' }, () => appendAudit(old.database.db, { event: 'd', action: 'U', outcome: 'success', actor: anna, now: NOON }));
    expect(await sealBatch(old.database, 100, NOON + 1)).toBe(2);
    expect(await verifyChain(old.database)).toMatchObject({ ok: true, sealed: 4, unsealed: 0 });
    // the new fields are sealed too
    await old.database.db.updateTable('audit').set({ reference: 'other' }).where('event', '=', 'd').execute();
    expect(await verifyChain(old.database)).toMatchObject({ ok: false, position: 4, what: 'changed' });
    await old.drop();
  });

  test('the whole trail comes in pages, the oldest first, without what is written meanwhile', async () => {
    for (let n = 0; n < 25; n += 1) await write({ event: `e${n}`, ...(n % 5 === 0 && { runId: 'run' }) });
    const sizes: number[] = [];
    const events: string[] = [];
    for await (const page of pagesOfAudit(database.db, {}, 10)) {
      sizes.push(page.length);
      events.push(...page.map((row) => row.event));
      await write({ event: 'meanwhile' });
    }
    expect(sizes).toEqual([10, 10, 5]);
    expect(events).toEqual(Array.from({ length: 25 }, (_, n) => `e${n}`));
    const run = [];
    for await (const page of pagesOfAudit(database.db, { runId: 'run' }, 2)) run.push(...page.map((row) => row.event));
    expect(run).toEqual(['e0', 'e5', 'e10', 'e15', 'e20']);
    for await (const page of pagesOfAudit(database.db, { event: 'nothing' })) throw new Error(`a page of ${page.length}`);
  });
});
