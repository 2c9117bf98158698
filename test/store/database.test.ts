import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { findAccount } from '../../src/store/accounts.ts';
import { isConflict, migrate, openDatabase, type Database } from '../../src/store/database.ts';
import { dialects, type TestDatabase } from '../support/databases.ts';
import { anAccount } from '../support/rows.ts';

/** Listed by hand, so that one that is dropped or renamed is missed here. */
const all = ['0001_foundation', '0002_audit_seal', '0003_sessions', '0004_audit_fields', '0005_factors', '0006_account_pages', '0007_password_links',
  '0008_passkeys', '0009_outbox_account', '0010_person_details', '0011_organisation_contact', '0012_lean_trail'];

describe.each(dialects)('database on $name', ({ open }) => {
  let opened: TestDatabase;
  let database: Database;
  beforeAll(async () => { opened = await open(); database = opened.database; });
  afterAll(() => opened.drop());

  test('migrating again changes nothing', async () => {
    expect(await migrate(database)).toEqual([]);
    expect(await migrate(opened.second())).toEqual([]);
  });

  test('two nodes that start at once migrate once', async () => {
    const fresh = await open({ empty: true });
    const applied = await Promise.all([migrate(fresh.database), migrate(fresh.second()), migrate(fresh.second())]);
    expect(applied.flat()).toEqual(all);
    await fresh.drop();
  });

  test('a transaction that throws leaves nothing', async () => {
    await expect(database.transaction(async (tx) => {
      await anAccount(tx, 'rolled-back');
      throw new Error('no');
    })).rejects.toThrow('no');
    expect(await findAccount(database.db, 'rolled-back')).toBeUndefined();
  });

  test('using the database inside its own transaction says so instead of waiting for ever', async () => {
    await expect(database.transaction(() => findAccount(database.db, 'x'))).rejects.toThrow('inside its own transaction');
    await expect(database.transaction(() => database.transaction(async () => 1))).rejects.toThrow('inside its own transaction');
    expect(await findAccount(database.db, 'x')).toBeUndefined();
  });

  test('what a transaction started and left behind may use the database', async () => {
    let later: Promise<unknown> = Promise.resolve();
    await database.transaction(async () => {
      later = new Promise((resolve) => { setTimeout(resolve, 50); }).then(() => findAccount(database.db, 'x'));
    });
    expect(await later).toBeUndefined();
  });

  test('transactions at once each see what the one before wrote', async () => {
    await anAccount(database.db, 'counted');
    await Promise.all(Array.from({ length: 20 }, () => database.transaction(async (tx) => {
      await sql`update accounts set updated_at = updated_at + 1 where id = 'counted'`.execute(tx);
    })));
    const [first, last] = [await findAccount(database.db, 'counted'), 1_780_315_200 + 20];
    expect(first?.updated_at).toBe(last);
  });

  test('a foreign key to nobody is refused, a double is a conflict', async () => {
    const password = { account_id: 'nobody', hash: 'x', changed_at: 1 };
    const refused = await database.db.insertInto('passwords').values(password).execute().catch((error: unknown) => error);
    expect(refused).toMatchObject({ message: expect.stringMatching(/foreign key/i) });
    expect(isConflict(refused)).toBe(false);
    await anAccount(database.db, 'double');
    expect(isConflict(await anAccount(database.db, 'double').catch((error: unknown) => error))).toBe(true);
  });

  test('ping answers', async () => {
    await database.ping();
  });
});

test('a file in memory needs no folder', async () => {
  const database = openDatabase({ file: ':memory:' });
  expect(await migrate(database)).toEqual(all);
  await database.close();
});

test('a server that is not there: ping says so', async () => {
  const database = openDatabase({ url: 'postgres://nobody@127.0.0.1:1/none', schema: 'cak' });
  await expect(database.ping()).rejects.toThrow();
  await database.close();
});

test('a schema name that needs care is refused', async () => {
  const database = openDatabase({ url: 'postgres://nobody@127.0.0.1:1/none', schema: 'a"; drop' });
  await expect(database.ping()).rejects.toThrow('not a schema name');
});
