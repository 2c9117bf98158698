import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { listOutbox } from '../../src/store/outbox.ts';
import { openDatabase, type Database } from '../../src/store/database.ts';
import { findSession, putSession, putSessionClient } from '../../src/store/sessions.ts';
import { openDesk, type Desk } from './support.ts';

const realm = ['--realm', 'cak'];
type Shown = { id: string; name: string; organisation: string | null; clients: { client_id: string }[]; ends_at: number };

describe('session', () => {
  let desk: Desk;
  let database: Database;
  let [account, other, organisation] = ['', '', ''];
  beforeAll(async () => {
    desk = openDesk();
    await desk.run('migrate', ...realm);
    organisation = (await desk.json<{ id: string }>('organisation', 'create', ...realm, '--name', 'Thuiszorg', '--identifier', 'relation_number:100777', '--entitlement', 'bestanden:gebruiker')).id;
    const make = async (name: string): Promise<string> => {
      const made = await desk.json<{ account: string }>('user', 'create', ...realm, '--organisation', organisation, '--username', name.toLowerCase(), '--family-name', name, '--given-name', 'Anna', '--email', `${name.toLowerCase()}@thuiszorg.example`, '--role', 'bestanden:gebruiker');
      return made.account;
    };
    [account, other] = [await make('Bakker'), await make('Visser')];
    database = openDatabase({ file: join(desk.folder, 'data/cak.sqlite') });
  });
  afterAll(async () => {
    await database.close();
    desk.remove();
  });
  beforeEach(async () => {
    await database.db.deleteFrom('sessions').execute();
    await database.db.deleteFrom('outbox').execute();
    for (const [id, account_id, organisation_id, last_active_at] of [['s1', account, organisation, desk.now - 60], ['s2', account, null, desk.now], ['s3', other, organisation, desk.now - 60], ['over', other, organisation, desk.now - 1200]] as const) {
      await putSession(database.db, { id, account_id, organisation_id, proofs: '{"proofs":[]}', created_at: desk.now - 3000, last_active_at, expires_at: desk.now + 9000 });
    }
    await putSessionClient(database.db, { session_id: 's1', client_id: 'portal', sid: 'x', logout_uri: 'https://portal.example/bcl', since: desk.now });
  });
  const ids = (rows: Shown[]): string[] => rows.map(({ id }) => id).toSorted();

  test('list: who is logged in now, of a person, or for an organisation', async () => {
    const all = await desk.json<Shown[]>('session', 'list', ...realm);
    expect(ids(all)).toEqual(['s1', 's2', 's3']);
    expect(all.find(({ id }) => id === 's1')).toMatchObject({ name: 'Anna Bakker', organisation: 'Thuiszorg', clients: [{ client_id: 'portal' }], ends_at: desk.now - 60 + 1200 });
    expect(ids(await desk.json('session', 'list', ...realm, '--user', 'Anna Bakker'))).toEqual(['s1', 's2']);
    expect(ids(await desk.json('session', 'list', ...realm, '--organisation', 'relation_number:100777'))).toEqual(['s1', 's3']);
    expect((await desk.run('session', 'list', ...realm)).out).toMatch(/s1 +Anna Bakker +Thuiszorg +.* portal/);
    expect(await desk.run('session', 'list', ...realm, '--user', 'nobody')).toMatchObject({ code: 1, err: expect.stringContaining('nobody called') });
  });

  test('end: one session, with its clients told and the desk in the audit trail', async () => {
    expect(await desk.json('session', 'end', ...realm, '--session', 's1')).toEqual({ ended: 1 });
    expect(await findSession(database.db, 's1')).toBeUndefined();
    expect(await listOutbox(database.db, { channel: 'logout' })).toMatchObject([{ recipient: 'https://portal.example/bcl', subject: 'portal' }]);
    expect((await desk.json<object[]>('audit', 'list', ...realm, '--event', 'session.ended'))[0]).toMatchObject({ reason: 'revoked', actor: expect.objectContaining({ kind: 'desk' }), object_id: 's1' });
    expect((await desk.run('outbox', 'list', ...realm, '--channel', 'logout')).out).toContain('https://portal.example/bcl');
    expect(await desk.run('session', 'end', ...realm, '--session', 's1')).toMatchObject({ code: 1, err: expect.stringContaining('there is no session s1') });
  });

  test('end: all sessions of a person, and nobody else\'s', async () => {
    expect((await desk.run('session', 'end', ...realm, '--user', account)).out).toBe('2 sessions ended');
    expect(ids(await desk.json('session', 'list', ...realm))).toEqual(['s3']);
    expect((await desk.run('session', 'end', ...realm, '--user', account)).out).toBe('0 sessions ended');
  });

  test.each([[[]], [['--user', 'x', '--session', 'y']]])('end: one or the other (%j)', async (options) => {
    expect(await desk.run('session', 'end', ...realm, ...options)).toMatchObject({ code: 2, err: expect.stringContaining('--session or --user') });
  });
});
