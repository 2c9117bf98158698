import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { appendAudit, listAudit } from '../../src/store/audit.ts';
import { deleteClient, findClient, listClients, putClient } from '../../src/store/clients.ts';
import type { Database } from '../../src/store/database.ts';
import { deleteGrant, findGrant, findGrantFor, insertGrant, listGrantsOf } from '../../src/store/grants.ts';
import { purgeReplays, rememberOnce } from '../../src/store/replays.ts';
import {
  endFaceSession, faceSessionHash, findFaceSession, findSession, insertFaceSession, listSessionsOver, putSession, removeSession,
} from '../../src/store/sessions.ts';
import { dialects, type TestDatabase } from '../support/databases.ts';
import { anAccount, anOrganisation, NOON } from '../support/rows.ts';

describe.each(dialects)('sessions, grants, clients and the trail on $name', ({ open }) => {
  let opened: TestDatabase;
  let db: Database['db'];
  beforeAll(async () => {
    opened = await open();
    db = opened.database.db;
    await anAccount(db, 'anna');
    await anOrganisation(db, 'org');
  });
  afterAll(() => opened.drop());

  const aSession = (id: string, expires_at = NOON + 60) =>
    ({ id, account_id: 'anna', organisation_id: 'org', proofs: '[]', created_at: NOON, last_active_at: NOON, expires_at });
  const aFace = (cookie: string, session_id: string) =>
    ({ hash: faceSessionHash(cookie), face: 'admin', account_id: 'anna', organisation_id: 'org', session_id, grant_id: 'g', created_at: NOON, last_active_at: NOON, expires_at: NOON + 60 });

  test('logging in again within a session keeps when it began', async () => {
    await putSession(db, aSession('s'));
    await putSession(db, { ...aSession('s'), created_at: NOON + 9, last_active_at: NOON + 9, proofs: '[1]' });
    expect(await findSession(db, 's')).toEqual({ ...aSession('s'), last_active_at: NOON + 9, proofs: '[1]' });
  });

  test('the end of a session ends the face sessions that came from it', async () => {
    await putSession(db, aSession('s1'));
    await insertFaceSession(db, aFace('one', 's1'));
    await insertFaceSession(db, aFace('two', 's2'));
    await opened.database.transaction((tx) => removeSession(tx, 's1'));
    expect(await findSession(db, 's1')).toBeUndefined();
    expect(await findFaceSession(db, faceSessionHash('one'))).toBeUndefined();
    expect(await findFaceSession(db, faceSessionHash('two'))).toMatchObject({ face: 'admin', session_id: 's2' });
    await endFaceSession(db, faceSessionHash('two'));
    expect(await findFaceSession(db, faceSessionHash('two'))).toBeUndefined();
  });

  test('sessions that are over are found: idle, or at their absolute end', async () => {
    await putSession(db, { ...aSession('idle', NOON + 900), last_active_at: NOON - 1200 });
    await putSession(db, { ...aSession('over', NOON), last_active_at: NOON });
    await putSession(db, { ...aSession('going', NOON + 1), last_active_at: NOON - 1199 });
    expect((await listSessionsOver(db, { idleSince: NOON - 1200, now: NOON, limit: 10 })).sort()).toEqual(['idle', 'over']);
  });

  test('a grant is for one organisation', async () => {
    const grant = { session_id: 's', account_id: 'anna', client_id: 'c', acr: 'x', created_at: NOON };
    await insertGrant(db, { ...grant, id: 'with', organisation_id: 'org' });
    await insertGrant(db, { ...grant, id: 'without', organisation_id: null });
    expect((await findGrantFor(db, { sessionId: 's', clientId: 'c', organisationId: 'org' }))?.id).toBe('with');
    expect((await findGrantFor(db, { sessionId: 's', clientId: 'c', organisationId: null }))?.id).toBe('without');
    expect(await findGrantFor(db, { sessionId: 's', clientId: 'd', organisationId: null })).toBeUndefined();
    expect(await listGrantsOf(db, 's')).toHaveLength(2);
    await deleteGrant(db, 'with');
    expect(await findGrant(db, 'with')).toBeUndefined();
  });

  test('a client registered again gets its new metadata', async () => {
    const client = { client_id: 'c', portal: 'p', metadata: '{}', created_at: NOON, updated_at: NOON };
    await putClient(db, client);
    await putClient(db, { ...client, metadata: '{"a":1}', created_at: NOON + 1, updated_at: NOON + 1 });
    expect(await findClient(db, 'c')).toEqual({ ...client, metadata: '{"a":1}', updated_at: NOON + 1 });
    expect(await listClients(db)).toHaveLength(1);
    expect(await deleteClient(db, 'c')).toBe(true);
    expect(await deleteClient(db, 'c')).toBe(false);
  });

  test('the trail counts up, is read newest first, and keeps who it was', async () => {
    const actor = { kind: 'person' as const, id: 'anna', display: 'Ánh Nguyễn' };
    await appendAudit(db, { event: 'a', action: 'C', outcome: 'success', actor, organisationId: 'org', runId: 'r', now: NOON });
    await appendAudit(db, { event: 'b', action: 'E', outcome: 'refused', reason: 'why', actor, detail: { fields: ['email'] }, now: NOON });
    const [second, first] = await listAudit(db);
    expect(first).toMatchObject({ event: 'a', actor, organisation_id: 'org', detail: {}, at: NOON });
    expect(second).toMatchObject({ event: 'b', reason: 'why', detail: { fields: ['email'] } });
    expect(second?.seq).toBeGreaterThan(first?.seq ?? Infinity);
    expect(await listAudit(db, { organisationId: 'org', runId: 'r', event: 'a' })).toHaveLength(1);
    expect(await listAudit(db, { event: 'c' })).toEqual([]);
    expect(await listAudit(db, { limit: 1 })).toHaveLength(1);
  });

  test('the trail gives way with the transaction of what it records', async () => {
    await expect(opened.database.transaction(async (tx) => {
      await appendAudit(tx, { event: 'undone', action: 'C', outcome: 'success', actor: { kind: 'system', id: 'x' }, now: NOON });
      throw new Error('no');
    })).rejects.toThrow('no');
    expect(await listAudit(db, { event: 'undone' })).toEqual([]);
  });

  test('what can no longer be replayed is forgotten', async () => {
    await rememberOnce(db, 'assertion', NOON);
    expect(await rememberOnce(db, 'assertion', NOON)).toBe(false);
    expect(await purgeReplays(db, NOON, 10)).toBe(1);
    expect(await rememberOnce(db, 'assertion', NOON + 9)).toBe(true);
  });
});
