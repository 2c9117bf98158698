import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { listAudit } from '../store/audit.ts';
import type { Database } from '../store/database.ts';
import { listOutbox } from '../store/outbox.ts';
import { findSession, insertFaceSession, listSessions, putSession, putSessionClient } from '../store/sessions.ts';
import { dialects, type TestDatabase } from '../../test/support/databases.ts';
import { exampleRealm, noon } from '../../test/support/house.ts';
import { anAccount, anOrganisation } from '../../test/support/rows.ts';
import { keepAlive } from './sessions.ts';
import { startSessionWorker, type SessionWorker } from './session-worker.ts';

describe.each(dialects)('the session worker on $name', ({ open }) => {
  let opened: TestDatabase;
  const realm = exampleRealm();
  const workers: SessionWorker[] = [];
  const logged: object[] = [];
  let now = noon;
  const worker = (database: Database = opened.database, intervalMs = 3_600_000): SessionWorker => {
    const one = startSessionWorker({ database, realm, clock: () => now, log: { error: (detail) => void logged.push(detail) }, intervalMs });
    workers.push(one);
    return one;
  };
  const begin = async (id: string, { active = noon, client = true } = {}): Promise<void> => {
    const { db } = opened.database;
    await putSession(db, { id, account_id: 'anna', organisation_id: null, proofs: '{"proofs":[]}', created_at: noon, last_active_at: active, expires_at: noon + 28_800 });
    if (client) await putSessionClient(db, { session_id: id, client_id: 'portal', sid: `sid-${id}`, logout_uri: 'https://portal.example/bcl', since: noon });
  };
  const ended = async (): Promise<[string | null, string | null][]> => (await listAudit(opened.database.db, { event: 'session.ended', limit: 1000 })).map((row) => [row.object_id, row.reason]);

  beforeAll(async () => {
    opened = await open();
    await anAccount(opened.database.db, 'anna');
    await anOrganisation(opened.database.db, 'o');
  });
  afterEach(async () => {
    for (const one of workers.splice(0)) await one.stop();
    const { db } = opened.database;
    await db.deleteFrom('sessions').execute();
    await db.deleteFrom('outbox').execute();
    logged.splice(0);
    now = noon;
  });
  afterAll(() => opened.drop());

  test('ends what nobody used, and what is at its absolute end, with the reason; the rest goes on', async () => {
    await begin('w-idle');
    await begin('w-used');
    now = noon + 1100;
    await keepAlive(opened.database.db, { id: 'w-used', last_active_at: noon }, now);
    now = noon + 1200;
    expect(await worker().sweep()).toBe(1);
    expect(await findSession(opened.database.db, 'w-used')).toBeDefined();
    await begin('w-old', { active: noon + 28_790 });
    now = noon + 28_800;
    expect(await worker().sweep()).toBe(2);
    expect(await ended()).toEqual(expect.arrayContaining([['w-idle', 'idle'], ['w-used', 'idle'], ['w-old', 'expired']]));
    expect((await listOutbox(opened.database.db, { channel: 'logout' })).map((one) => one.text).sort()).toEqual(['w-idle', 'w-old', 'w-used'].map((id) => `{"accountId":"anna","sid":"sid-${id}"}`));
  });

  test('pages of our own end with it', async () => {
    await begin('w-face');
    await insertFaceSession(opened.database.db, { hash: 'h', face: 'admin', account_id: 'anna', organisation_id: 'o', session_id: 'w-face', grant_id: 'g', created_at: noon, last_active_at: noon, expires_at: noon + 28_800 });
    now = noon + 1200;
    await worker().sweep();
    expect(await opened.database.db.selectFrom('face_sessions').selectAll().execute()).toEqual([]);
  });

  test('two nodes at once end each session once, and tell each client once, more than one batch of them', async () => {
    for (let i = 0; i < 130; i += 1) await begin(`w-many-${i}`);
    now = noon + 1200;
    const counts = await Promise.all([worker(), worker(opened.second()), worker(opened.second())].map((one) => one.sweep()));
    expect(counts.reduce((sum, one) => sum + one, 0)).toBe(130);
    expect(await listSessions(opened.database.db, {})).toEqual([]);
    expect(new Set((await listOutbox(opened.database.db, { channel: 'logout', limit: 1000 })).map((one) => one.text)).size).toBe(130);
    expect(await listOutbox(opened.database.db, { channel: 'logout', limit: 1000 })).toHaveLength(130);
    expect((await ended()).filter(([id]) => id?.startsWith('w-many'))).toHaveLength(130);
    expect(logged).toEqual([]);
  }, 30_000);

  test('one that cannot be ended is told of, and keeps no other', async () => {
    await begin('w-broken');
    await begin('w-whole');
    const { database } = opened;
    const breaking: Database = { ...database, transaction: async (work) => database.transaction(async (tx) => {
      const result = await work(tx);
      if (!await findSession(tx, 'w-broken')) throw new Error('cannot');
      return result;
    }) };
    now = noon + 1200;
    expect(await worker(breaking).sweep()).toBe(1);
    expect(await findSession(database.db, 'w-broken')).toBeDefined();
    expect(await findSession(database.db, 'w-whole')).toBeUndefined();
    expect(logged).toMatchObject([{ session: 'w-broken' }]);
  });

  test('looks by itself, and no more once it is stopped', async () => {
    await begin('w-first', { client: false });
    now = noon + 1200;
    const one = worker(opened.database, 20);
    for (let i = 0; i < 100 && await findSession(opened.database.db, 'w-first'); i += 1) await new Promise((resolve) => { setTimeout(resolve, 20); });
    expect(await findSession(opened.database.db, 'w-first')).toBeUndefined();
    await one.stop();
    await begin('w-second', { client: false });
    await new Promise((resolve) => { setTimeout(resolve, 100); });
    expect(await findSession(opened.database.db, 'w-second')).toBeDefined();
  });
});
