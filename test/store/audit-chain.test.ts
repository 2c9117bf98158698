import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { appendAudit } from '../../src/store/audit.ts';
import { sealBatch, startSealing } from '../../src/store/audit-chain.ts';
import { hasSeal, verifyChain } from '../../src/store/audit-verify.ts';
import type { Database } from '../../src/store/database.ts';
import type { Db } from '../../src/store/schema.ts';
import { dialects, type TestDatabase } from '../support/databases.ts';
import { NOON } from '../support/rows.ts';

const quiet = { error: () => undefined };

async function write(db: Db, event: string, now = NOON): Promise<void> {
  await appendAudit(db, {
    event, action: 'U', outcome: 'success', actor: { kind: 'person', id: 'p1', display: 'Řehoř Ñuñez' }, organisationId: 'org', objectType: 'account', objectId: 'a1',
    address: '192.0.2.7', detail: { fields: ['email'], note: 'é "quoted"' }, now,
  });
}

async function sealed(database: Database): Promise<string[]> {
  const rows = await database.db.selectFrom('audit_seals').innerJoin('audit', 'audit.id', 'audit_seals.audit_id').select('event').orderBy('position').execute();
  return rows.map(({ event }) => event);
}

describe.each(dialects)('audit chain on $name', ({ open }) => {
  let opened: TestDatabase;
  let database: Database;
  beforeEach(async () => {
    opened = await open();
    database = opened.database;
  });
  afterEach(() => opened.drop());

  /** Five rows `e1` to `e5`, sealed. */
  async function five(): Promise<void> {
    for (const n of [1, 2, 3, 4, 5]) await write(database.db, `e${n}`, NOON + n);
    expect(await sealBatch(database, 100, NOON + 10)).toBe(5);
  }
  const idOf = async (event: string) => (await database.db.selectFrom('audit').select('id').where('event', '=', event).executeTakeFirstOrThrow()).id;

  test('batches follow each other in the order of writing', async () => {
    for (const n of [1, 2, 3, 4, 5]) await write(database.db, `e${n}`, NOON + n);
    expect([await sealBatch(database, 2, NOON + 10), await sealBatch(database, 2, NOON + 10), await sealBatch(database, 2, NOON + 10), await sealBatch(database, 2, NOON + 10)]).toEqual([2, 2, 1, 0]);
    expect(await sealed(database)).toEqual(['e1', 'e2', 'e3', 'e4', 'e5']);
  });

  test('rows that are gone keep no others from being sealed', async () => {
    await database.db.insertInto('audit_unsealed').values(Array.from({ length: 300 }, (_, n) => ({ audit_id: `0-gone-${n}` }))).execute();
    await write(database.db, 'e1');
    expect(await sealBatch(database, 200, NOON + 10)).toBe(1);
    expect(await verifyChain(database)).toMatchObject({ ok: false });
  });

  test('a batch takes no longer in a long trail than in a short one', async () => {
    const many = (count: number) => database.transaction(async (tx) => { for (let n = 0; n < count; n += 1) await write(tx, 'e'); });
    /** Least milliseconds of three batches. */
    const batches = async (): Promise<number> => {
      let best = Infinity;
      await many(30);
      for (let batch = 0; batch < 3; batch += 1) {
        const begun = performance.now();
        expect(await sealBatch(database, 10, NOON + 10)).toBe(10);
        best = Math.min(best, performance.now() - begun);
      }
      return best;
    };
    await batches();
    const short = await batches();
    await many(15_000);
    while (await sealBatch(database, 5000, NOON + 10) > 0);
    // who looks at the whole trail takes ten times as long
    const long = await batches();
    expect(long).toBeLessThan(4 * Math.max(short, 1));
  });

  test('an empty trail is whole, and so is one that is sealed in batches', async () => {
    expect(await verifyChain(database)).toEqual({ ok: true, sealed: 0, unsealed: 0, head: '' });
    for (const n of [1, 2, 3, 4, 5]) await write(database.db, `e${n}`);
    expect(await verifyChain(database)).toEqual({ ok: true, sealed: 0, unsealed: 5, head: '' });
    expect(await sealBatch(database, 2, NOON)).toBe(2);
    expect(await verifyChain(database)).toMatchObject({ ok: true, sealed: 2, unsealed: 3 });
    expect([await sealBatch(database, 2, NOON + 1), await sealBatch(database, 2, NOON + 2), await sealBatch(database, 2, NOON + 3)]).toEqual([2, 1, 0]);
    const verdict = await verifyChain(database);
    expect(verdict).toEqual({ ok: true, sealed: 5, unsealed: 0, head: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(await sealed(database)).toEqual(['e1', 'e2', 'e3', 'e4', 'e5']);
    expect(await hasSeal(database, verdict.ok ? verdict.head : '')).toBe(true);
    expect(await hasSeal(database, 'f'.repeat(64))).toBe(false);
  });

  test.each(['event', 'actor', 'detail', 'address', 'reason', 'client_id', 'at', 'outcome'] as const)('a changed %s is found', async (field) => {
    await five();
    const id = await idOf('e3');
    await database.db.updateTable('audit').set({ [field]: field === 'at' ? NOON : 'other' }).where('id', '=', id).execute();
    expect(await verifyChain(database)).toEqual({ ok: false, position: 3, auditId: id, what: 'changed' });
  });

  test('a changed time of sealing is found', async () => {
    await five();
    await database.db.updateTable('audit_seals').set({ sealed_at: NOON }).where('position', '=', 2).execute();
    expect(await verifyChain(database)).toMatchObject({ ok: false, position: 2, what: 'changed' });
  });

  test.each([[1], [3], [5]])('row %i deleted is found, alone and with its seal', async (n) => {
    await five();
    const id = await idOf(`e${n}`);
    await database.db.deleteFrom('audit').where('id', '=', id).execute();
    expect(await verifyChain(database)).toEqual({ ok: false, position: n, auditId: id, what: 'missing' });
    await database.db.deleteFrom('audit_seals').where('position', '=', n).execute();
    expect(await verifyChain(database)).toEqual({ ok: false, position: n, auditId: null, what: 'missing' });
  });

  test('a row deleted before it was sealed is found', async () => {
    await five();
    await write(database.db, 'e6');
    const id = await idOf('e6');
    await database.db.deleteFrom('audit').where('id', '=', id).execute();
    expect(await sealBatch(database, 100, NOON + 20)).toBe(0);
    expect(await verifyChain(database)).toEqual({ ok: false, position: null, auditId: id, what: 'missing' });
  });

  test.each([['after the last', 1_000_000], ['before the first', 0], ['far before the first', -1_000_000]])('a row put in with an old time, %s, is found and never sealed', async (_, seq) => {
    await five();
    // PostgreSQL numbers rows itself unless told to leave that
    const force = database.dialect === 'postgres' ? sql`overriding system value` : sql``;
    await sql`insert into audit (seq, id, at, event, action, outcome, actor, detail) ${force}
      values (${seq}, 'false', ${NOON}, 'e', 'U', 'success', '{}', '{}')`.execute(database.db);
    expect(await verifyChain(database)).toEqual({ ok: false, position: null, auditId: 'false', what: 'inserted' });
    expect(await sealBatch(database, 100, NOON + 20)).toBe(0);
    expect(await verifyChain(database)).toMatchObject({ ok: false, auditId: 'false', what: 'inserted' });
  });

  test('a seal put on behind the head is found', async () => {
    await five();
    await database.db.insertInto('audit_seals').values({ position: 6, audit_id: 'false', hash: 'f', sealed_at: NOON }).execute();
    expect(await verifyChain(database)).toEqual({ ok: false, position: 6, auditId: null, what: 'inserted' });
  });

  test('swapped rows are found: under each other\'s seal, with their seals, and by number', async () => {
    await five();
    const [two, four] = [await idOf('e2'), await idOf('e4')];
    const swap = async (column: 'audit_id' | 'position', [a, b]: [string | number, string | number], between: string | number) => {
      for (const [from, to] of [[a, between], [b, a], [between, b]]) await database.db.updateTable('audit_seals').set({ [column]: to }).where(column, '=', from as never).execute();
    };
    await swap('audit_id', [two, four], 'between');
    expect(await verifyChain(database)).toEqual({ ok: false, position: 2, auditId: four, what: 'order' });
    await swap('audit_id', [two, four], 'between');
    expect(await verifyChain(database)).toMatchObject({ ok: true });
    await swap('position', [2, 4], 99);
    expect(await verifyChain(database)).toEqual({ ok: false, position: 2, auditId: four, what: 'order' });
    await swap('position', [2, 4], 99);
    await database.transaction(async (tx) => {
      for (const [id, to] of [[two, 'between'], [four, two], ['between', four]] as const) await tx.updateTable('audit').set({ id: to }).where('id', '=', id).execute();
    });
    expect(await verifyChain(database)).toEqual({ ok: false, position: 2, auditId: two, what: 'changed' });
  });

  test('a head that was put back is found', async () => {
    await five();
    await database.db.updateTable('audit_head').set({ hash: 'f'.repeat(64) }).execute();
    expect(await verifyChain(database)).toMatchObject({ ok: false, position: 5, what: 'changed' });
  });

  test('two nodes that seal at once, while rows are written, seal each once', async () => {
    const nodes = [database, opened.second()];
    const writing = Promise.all(Array.from({ length: 120 }, (_, n) => nodes[n % 2]!.transaction((tx) => write(tx, `e${n}`))));
    let ended = false;
    void writing.finally(() => { ended = true; });
    const sealing = nodes.map(async (node) => {
      let count = 0;
      for (;;) {
        const last = ended;
        const batch = await sealBatch(node, 7, NOON);
        count += batch;
        if (last && batch === 0 && !await node.db.selectFrom('audit_unsealed').select('audit_id').executeTakeFirst()) return count;
        await sleep(1);
      }
    });
    await writing;
    const counts = await Promise.all(sealing);
    expect(counts[0]! + counts[1]!).toBe(120);
    expect(new Set(await sealed(database)).size).toBe(120);
    expect(await verifyChain(database)).toMatchObject({ ok: true, sealed: 120, unsealed: 0 });
  });

  test('a trail that is written and sealed meanwhile is whole at every moment', async () => {
    const other = opened.second();
    let ended = false;
    const busy = (async () => {
      for (let n = 0; n < 150; n += 1) {
        await write(other.db, `e${n}`);
        if (n % 5 === 0) await sealBatch(other, 100, NOON);
      }
      ended = true;
    })();
    while (!ended) expect(await verifyChain(database)).toMatchObject({ ok: true });
    await busy;
  });

  test('what a transaction takes back leaves nothing to seal', async () => {
    await expect(database.transaction(async (tx) => {
      await write(tx, 'e1');
      throw new Error('no');
    })).rejects.toThrow('no');
    expect(await verifyChain(database)).toEqual({ ok: true, sealed: 0, unsealed: 0, head: '' });
  });

  test('10,000 rows are sealed and verified within seconds', async () => {
    await database.transaction(async (tx) => {
      for (let n = 0; n < 10_000; n += 1) await write(tx, `e${n}`, NOON + n);
    });
    const start = performance.now();
    await startSealing(database, () => NOON, quiet).stop();
    expect(await verifyChain(database)).toMatchObject({ ok: true, sealed: 10_000, unsealed: 0 });
    expect(performance.now() - start).toBeLessThan(15_000);
  }, 60_000);

  test('a trail that cannot be read is told, and ends nothing', async () => {
    const empty = await open({ empty: true });
    const errors: string[] = [];
    await startSealing(empty.database, () => NOON, { error: (_, text) => errors.push(text) }).stop();
    expect(errors).toEqual(['audit trail not sealed']);
    await empty.drop();
  });
});

// SQLite has one writer at a time: its order of writing is its order of commits
const manyWriters = dialects.filter(({ name }) => name !== 'sqlite');

(manyWriters.length > 0 ? describe.each(manyWriters) : describe.skip.each([{ name: 'postgres', open: dialects[0]!.open }]))('audit chain on $name', ({ open }) => {
  test('what is committed late is sealed after what is sealed already', async () => {
    const opened = await open();
    const { database } = opened;
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => { release = resolve; });
    let late: Promise<void> = Promise.resolve();
    await new Promise<void>((written) => {
      late = database.transaction(async (tx) => {
        await write(tx, 'late');
        written();
        await held;
      });
    });
    await write(opened.second().db, 'early');
    expect(await sealBatch(database, 100, NOON + 1)).toBe(1);
    release();
    await late;
    const bySeq = await database.db.selectFrom('audit').select('event').orderBy('seq').execute();
    expect(bySeq.map(({ event }) => event)).toEqual(['late', 'early']);
    expect(await sealBatch(database, 100, NOON + 2)).toBe(1);
    expect(await sealed(database)).toEqual(['early', 'late']);
    expect(await verifyChain(database)).toMatchObject({ ok: true, sealed: 2, unsealed: 0 });
    await opened.drop();
  });
});
