import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { endIfOver, endSession, joinSession, keepAlive, keepLogin, leaveClient } from '../../src/domain/sessions.ts';
import type { Proof } from '../../src/flow/facts.ts';
import { listAudit } from '../../src/store/audit.ts';
import type { Database } from '../../src/store/database.ts';
import { listOutbox } from '../../src/store/outbox.ts';
import type { Db } from '../../src/store/schema.ts';
import { findSession, listSessionClients, putSession } from '../../src/store/sessions.ts';
import { dialects, type TestDatabase } from '../support/databases.ts';
import { interleave as interleaved } from '../support/interleave.ts';
import { anAccount, anOrganisation, NOON } from '../support/rows.ts';

/** Two requests about one session, on two nodes, at the same moment. */
describe.each(dialects)('one session at two nodes on $name', ({ open }) => {
  let opened: TestDatabase;
  let here: Database;
  let there: Database;
  beforeEach(async () => {
    opened = await open();
    [here, there] = [opened.database, opened.second()];
    for (const id of ['anna', 'bob']) await anAccount(here.db, id);
    await anOrganisation(here.db, 'org');
    await anOrganisation(here.db, 'other');
    await putSession(here.db, session);
  });
  afterEach(() => opened.drop());

  const realm = { ttl: { idle: 1200, session: 28_800 } } as Parameters<typeof endIfOver>[1];
  const proof = (level: string, at: number): Proof => ({ factor: 'password', level, at });
  const said = (id: string, actingSubject: string, at: number, level: string): Proof => ({ factor: 'broker', level, at, broker: { id, actingSubject, organisation: {}, person: {} } });
  const session = {
    id: 's', account_id: 'anna', organisation_id: 'org', proofs: JSON.stringify({ proofs: [proof('low', NOON)] }), created_at: NOON, last_active_at: NOON, expires_at: NOON + 28_800,
  };
  const client = { session_id: 's', client_id: 'portal', sid: 'sid', logout_uri: 'https://portal.example/bcl', since: NOON };
  const ending = { reason: 'revoked', actor: { kind: 'desk', id: 'test' }, now: NOON + 60 } as const;
  const login = (proofs: Proof[], changes: { accountId?: string; organisationId?: string } = {}) => ({ sessionId: 's', accountId: 'anna', organisationId: 'org', ...changes, proofs });
  const told = async () => (await listOutbox(here.db, { channel: 'logout' })).map(({ subject }) => subject);
  const levels = async () => (JSON.parse((await findSession(here.db, 's'))?.proofs ?? '') as { proofs: Proof[] }).proofs.map(({ level }) => level);

  const interleave = <A, B>(first: (tx: Db) => Promise<A>, second: (tx: Db) => Promise<B>): Promise<[A, B]> => interleaved([here, there], first, second);

  test('a client that joins while the session ends is told', async () => {
    expect(await interleave((tx) => joinSession(tx, client), (tx) => endSession(tx, 's', ending))).toEqual([true, true]);
    expect(await told()).toEqual(['portal']);
    expect((await listAudit(here.db, { event: 'session.ended' }))[0]?.detail).toEqual({ account: 'anna', clients: ['portal'] });
  });

  test('a client that comes when the session has just ended does not join it', async () => {
    expect(await interleave((tx) => endSession(tx, 's', ending), (tx) => joinSession(tx, client))).toEqual([true, false]);
    expect(await listSessionClients(here.db, 's')).toEqual([]);
  });

  test('a session that was kept alive at the last moment goes on', async () => {
    const now = NOON + 1200;
    expect(await interleave((tx) => keepAlive(tx, session, now), (tx) => endIfOver(tx, realm, 's', now))).toEqual([now, false]);
    expect(await findSession(here.db, 's')).toMatchObject({ last_active_at: now });
  });

  test('of two who end it one does, and its clients are told once', async () => {
    await joinSession(here.db, client);
    const end = (tx: Db) => endSession(tx, 's', ending);
    expect(await interleave(end, end)).toEqual([true, false]);
    expect(await told()).toEqual(['portal']);
  });

  test('a client that is left while the session ends is told once', async () => {
    await joinSession(here.db, client);
    expect(await interleave((tx) => leaveClient(tx, 's', 'portal', NOON + 60), (tx) => endSession(tx, 's', ending))).toEqual([true, true]);
    expect(await told()).toEqual(['portal']);
  });

  test('step-ups in two tabs are both kept, whoever is last', async () => {
    const seed = proof('low', NOON);
    const ups = [proof('high', NOON + 50), proof('middle', NOON + 40)];
    const [first, second] = ups.map((up) => (tx: Db) => keepLogin(tx, realm, login([seed, up]), NOON + 60));
    expect(await interleave(first!, second!)).toEqual([true, true]);
    expect(await levels()).toEqual(['low', 'middle', 'high']);
    expect(await findSession(here.db, 's')).toMatchObject({ created_at: NOON, expires_at: NOON + 60 + 28_800 });
  });

  test('logins in two tabs that begin a session are both kept', async () => {
    await here.db.deleteFrom('sessions').execute();
    const begin = (level: string) => (tx: Db) => keepLogin(tx, realm, login([proof(level, NOON)]), NOON);
    await interleave(begin('high'), begin('low'));
    expect(await levels()).toEqual(['high', 'low']);
  });

  test('another person gets nothing of the session, which ends', async () => {
    await joinSession(here.db, client);
    const bob = login([proof('low', NOON + 50)], { accountId: 'bob' });
    expect(await interleave((tx) => keepLogin(tx, realm, login([proof('high', NOON + 40)]), NOON + 60), (tx) => keepLogin(tx, realm, bob, NOON + 60))).toEqual([true, true]);
    expect(await findSession(here.db, 's')).toMatchObject({ account_id: 'bob', proofs: JSON.stringify({ proofs: bob.proofs }), created_at: NOON + 60 });
    expect([await told(), await listSessionClients(here.db, 's')]).toEqual([['portal'], []]);
    expect((await listAudit(here.db, { event: 'session.ended' }))[0]).toMatchObject({ reason: 'replaced', actor: { id: 'bob' }, session_id: null, detail: { account: 'anna' } });
  });

  test('what a broker said for one organisation lends its level to no other; what somebody showed here is their own', async () => {
    await here.transaction((tx) => keepLogin(tx, realm, login([said('b1', 'anna-1', NOON + 40, 'high'), { ...proof('middle', NOON + 45), factor: 'totp' }]), NOON + 60));
    await here.transaction((tx) => keepLogin(tx, realm, login([proof('low', NOON + 50)], { organisationId: 'other' }), NOON + 60));
    expect(await levels()).toEqual(['middle', 'low']);
  });

  test('of several identities at brokers the last counts, and of one kind of proof the newest', async () => {
    await here.transaction((tx) => keepLogin(tx, realm, login([said('b1', 'anna-1', NOON + 10, 'high'), said('b2', 'anna-2', NOON + 20, 'low')]), NOON + 30));
    await here.transaction((tx) => keepLogin(tx, realm, login([said('b2', 'anna-2', NOON + 40, 'low')]), NOON + 50));
    expect((JSON.parse((await findSession(here.db, 's'))?.proofs ?? '') as { proofs: Proof[] }).proofs.map(({ level, at, broker }) => [level, at, broker?.id ?? '']))
      .toEqual([['low', NOON, ''], ['low', NOON + 40, 'b2']]);
  });

  test('only something shown anew moves the absolute end', async () => {
    const end = async () => (await findSession(here.db, 's'))?.expires_at;
    await here.transaction((tx) => keepLogin(tx, realm, login([proof('low', NOON)]), NOON + 600));
    expect([await end(), (await findSession(here.db, 's'))?.last_active_at]).toEqual([NOON + 28_800, NOON + 600]);
    await here.transaction((tx) => keepLogin(tx, realm, login([proof('low', NOON), proof('high', NOON + 650)]), NOON + 700));
    expect(await end()).toBe(NOON + 700 + 28_800);
  });
});
