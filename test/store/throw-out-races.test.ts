import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { checkLogin } from '../../src/domain/local-login.ts';
import { hashPassword } from '../../src/domain/passwords/hash.ts';
import { keepLogin } from '../../src/domain/sessions.ts';
import { throwOut } from '../../src/domain/throw-out.ts';
import { putPassword } from '../../src/store/accounts.ts';
import type { Database } from '../../src/store/database.ts';
import { findRun, insertRun, isDone, saveRun } from '../../src/store/runs.ts';
import type { Db } from '../../src/store/schema.ts';
import { listSessions, putSession } from '../../src/store/sessions.ts';
import { dialects, type TestDatabase } from '../support/databases.ts';
import { exampleRealm, vault } from '../support/house.ts';
import { interleave as interleaved } from '../support/interleave.ts';
import { anAccount, NOON } from '../support/rows.ts';

/** A login that is being answered on one node while its person is thrown out on another. */
describe.each(dialects)('throwing out on $name', ({ open }) => {
  let opened: TestDatabase;
  let here: Database;
  let there: Database;
  beforeEach(async () => {
    opened = await open();
    [here, there] = [opened.database, opened.second()];
    for (const id of ['anna', 'bob']) await anAccount(here.db, id);
  });
  afterEach(() => opened.drop());

  const realm = { ttl: { idle: 1200, session: 28_800 } } as Parameters<typeof keepLogin>[1];
  const ending = { reason: 'revoked', actor: { kind: 'desk', id: 'test' }, now: NOON } as const;
  const proofs = [{ factor: 'password', level: 'low', at: NOON }];
  const shown = (accountId: string) => JSON.stringify([{ binding: 'password', at: NOON, proofs, accountId }]);
  type Changes = { status?: 'open' | 'done' | 'ended'; accountId?: string; session?: string; /** its answer still waits at the provider */ waits?: boolean };
  async function aRun(id: string, { status = 'open', accountId = 'anna', session, waits = true }: Changes = {}): Promise<void> {
    await insertRun(here.db, {
      id, flow: 'f', portal: 'p', client_id: 'c', request: JSON.stringify({ levelId: 'low', ...(session && { session }) }), journal: shown(accountId), state: '{"x":1}', notice: null,
      account_id: accountId, organisation_id: null, status, end_code: null, created_at: NOON, expires_at: NOON + 1800,
    });
    if (waits) await here.db.insertInto('documents').values({ model: 'Interaction', id, payload: '{}' }).execute();
  }
  const begunAnew = async (...ids: string[]) => (await Promise.all(ids.map(async (id) => [id, await findRun(here.db, id)] as const)))
    .filter(([, row]) => row?.status === 'open' && row.journal === '[]' && row.state === '{}' && row.account_id === null && row.version === 1).map(([id]) => id);

  test('has runs begin anew that are open, or done and not answered; no others', async () => {
    await aRun('open');
    await aRun('waiting', { status: 'done' });
    await aRun('answered', { status: 'done', waits: false });
    await aRun('refused', { status: 'ended' });
    await aRun('bob', { accountId: 'bob' });
    await here.transaction((tx) => throwOut(tx, 'anna', ending));
    expect(await begunAnew('open', 'waiting', 'answered', 'refused', 'bob')).toEqual(['open', 'waiting']);
    expect(await findRun(here.db, 'answered')).toMatchObject({ status: 'done', journal: shown('anna'), version: 0 });
  });

  test('keeps one session with what began in it, and one run', async () => {
    for (const id of ['mine', 'other']) await putSession(here.db, { id, account_id: 'anna', organisation_id: null, proofs: JSON.stringify({ proofs }), created_at: NOON, last_active_at: NOON, expires_at: NOON + 100 });
    await aRun('in-mine', { session: 'mine' });
    await aRun('in-mine-done', { session: 'mine', status: 'done' });
    await aRun('in-other', { session: 'other' });
    await aRun('in-none');
    await aRun('turn');
    expect(await here.transaction((tx) => throwOut(tx, 'anna', ending, { sessionId: 'mine', runId: 'turn' }))).toBe(1);
    expect(await begunAnew('in-mine', 'in-mine-done', 'in-other', 'in-none', 'turn')).toEqual(['in-other', 'in-none']);
    expect((await listSessions(here.db, { accountId: 'anna' })).map(({ id }) => id)).toEqual(['mine']);
  });

  const interleave = <A, B>(first: (tx: Db) => Promise<A>, second: (tx: Db) => Promise<B>): Promise<[A, B]> => interleaved([here, there], first, second);
  /** As the answer to the portal writes it. */
  const answer = async (tx: Db): Promise<boolean> => {
    await tx.deleteFrom('documents').where('model', '=', 'Interaction').where('id', '=', 'r').execute();
    return await isDone(tx, 'r') && keepLogin(tx, realm, { sessionId: 's', accountId: 'anna', organisationId: null, proofs }, NOON);
  };

  test('a session that a login began at the last moment ends', async () => {
    await aRun('r', { status: 'done' });
    expect(await interleave(answer, (tx) => throwOut(tx, 'anna', ending))).toEqual([true, 1]);
    expect(await listSessions(here.db, { accountId: 'anna' })).toEqual([]);
  });

  test('a login that comes too late begins no session', async () => {
    await aRun('r', { status: 'done' });
    expect(await interleave((tx) => throwOut(tx, 'anna', ending), answer)).toEqual([0, false]);
    expect(await listSessions(here.db, { accountId: 'anna' })).toEqual([]);
  });

  describe('a password that was right when it was judged', () => {
    const config = exampleRealm();
    const login = async () => {
      const judged = await checkLogin({ db: here.db, realm: config, vault, now: NOON }, { names: { scope: '', username: 'carla' }, password: 'Riet-Oever-Sluis-7', address: '::1' });
      if (judged.kind !== 'right') throw new Error(judged.kind);
      return judged;
    };
    const hashed = () => hashPassword('Riet-Oever-Sluis-7', config.login.argon2);
    beforeEach(async () => {
      await here.db.insertInto('logins').values({ account_id: 'anna', scope: '', username: 'carla' }).execute();
      await putPassword(here.db, { account_id: 'anna', hash: await hashed(), changed_at: NOON });
    });
    const replaced = async (tx: Db, hash: string): Promise<number> => {
      await putPassword(tx, { account_id: 'anna', hash, changed_at: NOON });
      return throwOut(tx, 'anna', ending);
    };

    test('lets nobody in when it was replaced before the turn is written', async () => {
      const [judged, other] = [await login(), await hashed()];
      await aRun('r', { accountId: 'nobody' });
      expect(await interleave((tx) => replaced(tx, other), (tx) => judged.keep(tx))).toEqual([0, false]);
      expect(await here.transaction((await login()).keep)).toBe(true);
    });

    test('is thrown out when it is replaced just after', async () => {
      const [judged, other] = [await login(), await hashed()];
      await aRun('r', { accountId: 'nobody' });
      const turn = async (tx: Db): Promise<boolean> => await saveRun(tx, 'r', 0, { journal: shown('anna') }) && judged.keep(tx);
      expect(await interleave(turn, (tx) => replaced(tx, other))).toEqual([true, 0]);
      expect(await findRun(here.db, 'r')).toMatchObject({ status: 'open', journal: '[]' });
    });
  });

  test('a turn that ends its login at that moment is thrown out too', async () => {
    await aRun('r');
    const [finished] = await interleave((tx) => saveRun(tx, 'r', 0, { status: 'done' }), (tx) => throwOut(tx, 'anna', ending));
    expect(finished).toBe(true);
    expect(await findRun(here.db, 'r')).toMatchObject({ status: 'open', journal: '[]' });
  });
});
