import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Database } from '../../src/store/database.ts';
import { laneOf, prepared } from '../../src/store/prepared.ts';
import { putClient } from '../../src/store/clients.ts';
import { dialects, type TestDatabase } from '../support/databases.ts';

const find = prepared((db, given) => db.selectFrom('clients').select(['client_id', 'metadata']).where('client_id', '=', given('id')).where('portal', '=', 'p'));
const row = (id: string, metadata = '{}') => ({ client_id: id, portal: 'p', metadata, created_at: 1, updated_at: 1 });

describe.each(dialects)('prepared queries on $name', ({ open }) => {
  let opened: TestDatabase;
  let database: Database;
  beforeEach(async () => {
    opened = await open();
    ({ database } = opened);
  });
  afterEach(() => opened.drop());

  test('take their parameters by name at each run, and keep the values they were built with', async () => {
    await putClient(database.db, row('a', '"first"'));
    await putClient(database.db, { ...row('b'), portal: 'another' });
    expect((await find(database.db, { id: 'a' })).rows).toEqual([{ client_id: 'a', metadata: '"first"' }]);
    expect((await find(database.db, { id: 'b' })).rows).toEqual([]);
    await expect(async () => find(database.db, { ids: 'a' })).rejects.toThrow('lacks its parameter id');
  });

  test('see what their own transaction wrote; others do not see it before it is committed', async () => {
    const other = opened.second();
    await database.transaction(async (tx) => {
      await putClient(tx, row('a'));
      expect((await find(tx, { id: 'a' })).rows).toHaveLength(1);
      expect((await find(other.db, { id: 'a' })).rows).toEqual([]);
      await expect(find(database.db, { id: 'a' })).rejects.toThrow('inside its own transaction');
    });
    await expect(database.transaction(async (tx) => {
      await putClient(tx, row('b'));
      throw new Error('no');
    })).rejects.toThrow('no');
    expect((await find(database.db, { id: 'b' })).rows).toEqual([]);
    let started: () => void = () => undefined;
    const begun = new Promise<void>((resolve) => { started = resolve; });
    const writing = database.transaction(async (tx) => {
      await putClient(tx, row('c'));
      started();
      await find(tx, { id: 'c' });
    });
    await begun;
    // asked while the transaction is open: answered with nothing of it half done
    const outside = find(database.db, { id: 'c' }).then(({ rows }) => rows);
    await writing;
    expect([[], [{ client_id: 'c', metadata: '{}' }]]).toContainEqual(await outside);
  });

  test('a transaction that is over has no short way left', async () => {
    let kept: Parameters<typeof laneOf>[0] | undefined;
    await database.transaction(async (tx) => { kept = tx; });
    expect(laneOf(kept!)).toBeUndefined();
  });
});
