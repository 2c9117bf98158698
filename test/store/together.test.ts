import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { auditContext, withAuditContext } from '../../src/store/audit-context.ts';
import { findClient, putClient } from '../../src/store/clients.ts';
import type { Database } from '../../src/store/database.ts';
import { dialects, type TestDatabase } from '../support/databases.ts';

const row = (id: string) => ({ client_id: id, portal: 'p', metadata: '{}', created_at: 1, updated_at: 1 });

describe.each(dialects)('writes of several requests together on $name', ({ open, name }) => {
  let opened: TestDatabase;
  let database: Database;
  beforeEach(async () => {
    opened = await open();
    ({ database } = opened);
  });
  afterEach(() => opened.drop());
  const put = (id: string) => database.together(async (tx) => {
    await putClient(tx, row(id));
    return id;
  });

  test('each is answered with its own result, when another connection can read it', async () => {
    const other = opened.second();
    const results = await Promise.all(Array.from({ length: 20 }, async (_, n) => {
      const id = await put(`c${n}`);
      return [id, (await findClient(other.db, id))?.client_id];
    }));
    expect(results).toEqual(Array.from({ length: 20 }, (_, n) => [`c${n}`, `c${n}`]));
  });

  test('one that fails takes back all of its own and nothing of others', async () => {
    const failing = database.together(async (tx) => {
      await putClient(tx, row('bad'));
      throw new Error('no');
    });
    const outcomes = await Promise.allSettled([put('before'), failing, put('after')]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    await expect(failing).rejects.toThrow('no');
    expect(await Promise.all(['before', 'bad', 'after'].map(async (id) => (await findClient(database.db, id))?.client_id))).toEqual(['before', undefined, 'after']);
  });

  test('a statement that the database refuses harms only the one that asked it', async () => {
    const twice = () => database.together(async (tx) => { await tx.insertInto('clients').values(row('same')).execute(); });
    const outcomes = await Promise.allSettled([twice(), twice(), put('other')]);
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'fulfilled', 'rejected']);
    expect((await findClient(database.db, 'other'))?.client_id).toBe('other');
  });

  test('each works in the context of who asked', async () => {
    const seen = await Promise.all(['A', 'B'].map((reference) => withAuditContext({ component: 'http', reference }, () => database.together(async () => auditContext().reference))));
    expect(seen).toEqual(['A', 'B']);
  });

  test('the database is not used inside of it', async () => {
    await expect(database.together(async () => findClient(database.db, 'x'))).rejects.toThrow('inside its own transaction');
    expect(await put('afterwards')).toBe('afterwards');
  });

  if (name === 'sqlite') test('what is asked for at once is one transaction', async () => {
    const ids = new Set<unknown>();
    await Promise.all(Array.from({ length: 5 }, () => database.together(async (tx) => { ids.add(tx); })));
    expect(ids.size).toBe(1);
  });

  test('when the whole is not committed, none of it was', async () => {
    await database.close();
    const outcomes = await Promise.allSettled([put('a'), put('b')]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });
});
