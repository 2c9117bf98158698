import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { verificationCodes } from '../../src/store/codes.ts';
import { clearCounter, countUp, purgeCounters } from '../../src/store/counters.ts';
import type { Database } from '../../src/store/database.ts';
import { rememberOnce } from '../../src/store/replays.ts';
import { findRun, insertRun, purgeRuns, saveRun } from '../../src/store/runs.ts';
import { issueTicket, peekTicket, redeemTicket } from '../../src/store/tickets.ts';
import { dialects, type TestDatabase } from '../support/databases.ts';
import { aMembership, anAccount, anOrganisation, NOON } from '../support/rows.ts';

function atOnce<T>(work: (n: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: 50 }, (_, n) => work(n)));
}

describe.each(dialects)('races on $name', ({ open }) => {
  let opened: TestDatabase;
  let nodes: [Database, Database];
  beforeAll(async () => {
    opened = await open();
    nodes = [opened.database, opened.second()];
    const { db } = opened.database;
    await anOrganisation(db, 'org');
    for (const id of ['a', 'b', 'c', 'd']) {
      await anAccount(db, id);
      await aMembership(db, id, id, 'org');
    }
  });
  afterAll(() => opened.drop());
  const node = (n: number) => nodes[n % 2] as Database;

  test('a run is saved once per version', async () => {
    const { db } = opened.database;
    const row = { id: 'run', flow: 'f', portal: 'p', client_id: 'c', request: '{}', journal: '[]', state: '{}', notice: null,
      account_id: null, organisation_id: null, status: 'open' as const, end_code: null, created_at: NOON, expires_at: NOON + 60 };
    await insertRun(db, row);
    const saved = await atOnce((n) => node(n).transaction((tx) => saveRun(tx, 'run', 0, { journal: `[${n}]` })));
    expect(saved.filter(Boolean)).toHaveLength(1);
    expect(await findRun(db, 'run')).toMatchObject({ version: 1, journal: `[${saved.indexOf(true)}]` });
    expect(await saveRun(db, 'run', 1, { status: 'done' })).toBe(true);
    expect(await purgeRuns(db, NOON + 61, 10)).toBe(1);
    expect(await findRun(db, 'run')).toBeUndefined();
  });

  test('a ticket is redeemed once', async () => {
    const { db } = opened.database;
    const handle = await issueTicket(db, { kind: 'k', runId: 'r', payload: { name: 'Nguyễn' }, ttl: 60, now: NOON });
    expect(handle).toMatch(/^[\w-]{43}$/);
    expect(await peekTicket(db, 'k', handle, NOON)).toEqual({ runId: 'r', payload: { name: 'Nguyễn' } });
    expect(await peekTicket(db, 'other', handle, NOON)).toBeUndefined();
    expect(await redeemTicket(db, 'k', handle, NOON + 60)).toBeUndefined();
    const won = await atOnce((n) => node(n).transaction((tx) => redeemTicket(tx, 'k', handle, NOON)));
    expect(won.filter(Boolean)).toEqual([{ runId: 'r', payload: { name: 'Nguyễn' } }]);
    expect(await peekTicket(db, 'k', handle, NOON)).toBeUndefined();
  });

  test('the handle itself is not stored', async () => {
    const { db } = opened.database;
    const handle = await issueTicket(db, { kind: 'k', runId: null, payload: 1, ttl: 60, now: NOON });
    expect(JSON.stringify(await db.selectFrom('tickets').selectAll().execute())).not.toContain(handle);
  });

  test('fifty guesses at once take five tries (IB-5)', async () => {
    await verificationCodes.insert(opened.database.db, aCode('code-a', 'a'));
    const taken = await atOnce((n) => verificationCodes.takeTry(node(n).db, 'a'));
    const tries = taken.flatMap((row) => row?.tries ?? []);
    expect(tries.sort()).toEqual([1, 2, 3, 4, 5]);
  });

  test('a code is closed once, and a new one replaces the open one (IB-5)', async () => {
    const { db } = opened.database;
    await verificationCodes.insert(db, aCode('code-b', 'b'));
    const closed = await atOnce((n) => verificationCodes.close(node(n).db, 'code-b', 'used', NOON));
    expect(closed.filter(Boolean)).toHaveLength(1);
    expect(await verificationCodes.takeTry(db, 'b')).toBeUndefined();
    await verificationCodes.insert(db, aCode('code-b2', 'b', NOON + 1));
    await verificationCodes.insert(db, aCode('code-b3', 'b', NOON + 1));
    expect(await verificationCodes.latest(db, 'b')).toMatchObject({ id: 'code-b3', closed_at: null });
    expect((await verificationCodes.takeTry(db, 'b'))?.id).toBe('code-b3');
    const states = await db.selectFrom('verification_codes').select(['id', 'close_reason']).where('membership_id', '=', 'b').orderBy('id').execute();
    expect(states).toEqual([{ id: 'code-b', close_reason: 'used' }, { id: 'code-b2', close_reason: 'replaced' }, { id: 'code-b3', close_reason: null }]);
  });

  test('codes issued at once: the last one works, the others are replaced', async () => {
    await Promise.all(Array.from({ length: 10 }, (_, n) => node(n).transaction((tx) => verificationCodes.insert(tx, aCode(`code-c${n}`, 'c')))));
    const rows = await opened.database.db.selectFrom('verification_codes').select('close_reason').where('membership_id', '=', 'c').execute();
    expect(rows.filter((row) => row.close_reason === null)).toHaveLength(1);
    expect(rows).toHaveLength(10);
  });

  test('an expired code is handed over, so that the caller can say it has expired', async () => {
    const { db } = opened.database;
    await verificationCodes.insert(db, aCode('code-d', 'd'));
    expect(await verificationCodes.takeTry(db, 'd')).toMatchObject({ id: 'code-d', tries: 1 });
  });

  test('fifty counts at once are fifty, and a window that is over starts again', async () => {
    const { db } = opened.database;
    const counts = await atOnce((n) => countUp(node(n).db, 'key', 900, NOON));
    expect(counts.map((one) => one.count).sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, n) => n + 1));
    expect(await countUp(db, 'key', 900, NOON + 899)).toEqual({ count: 51, resetsAt: NOON + 900 });
    expect(await countUp(db, 'key', 900, NOON + 900)).toEqual({ count: 1, resetsAt: NOON + 1800 });
    await clearCounter(db, 'key');
    expect(await countUp(db, 'key', 900, NOON)).toEqual({ count: 1, resetsAt: NOON + 900 });
    expect(await purgeCounters(db, NOON + 900, 10)).toBe(1);
  });

  test('an assertion is new once', async () => {
    const seen = await atOnce((n) => rememberOnce(node(n).db, 'assertion', NOON + 60));
    expect(seen.filter(Boolean)).toHaveLength(1);
  });
});

function aCode(id: string, membershipId: string, now = NOON) {
  return { id, membership_id: membershipId, tier: 'user' as const, hash: 'h', max_tries: 5, issued_by: 'desk', issued_at: now, expires_at: now + 60 };
}
