import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { deleteClient, findClient, putClient } from '../../src/store/clients.ts';
import type { Database } from '../../src/store/database.ts';
import { createDocuments } from '../../src/store/documents.ts';
import { requestCame, writesOf } from '../../src/store/memory.ts';
import { dialects, type TestDatabase } from '../support/databases.ts';

/** Whoever asks after something was written in another process comes in with a later turn of the event loop. */
const turn = (): Promise<void> => new Promise((resolve) => { setImmediate(resolve); });
const row = (id: string, metadata = '{}') => ({ client_id: id, portal: 'p', metadata, created_at: 1, updated_at: 1 });

describe.each(dialects)('answers that are given again on $name', ({ open, name }) => {
  let opened: TestDatabase;
  let database: Database;
  beforeEach(async () => {
    opened = await open();
    ({ database } = opened);
  });
  afterEach(() => opened.drop());
  const metadata = async (id = 'a') => (await findClient(database.db, id))?.metadata;

  test('a write counts at once, of this process and of another, also one that makes something or takes it away', async () => {
    const other = opened.second();
    expect([await metadata(), await metadata()]).toEqual([undefined, undefined]);
    let version = 0;
    for (const { db } of [database, other, database, other]) {
      version += 1;
      await putClient(db, row('a', String(version)));
      if (db === other.db) await turn();
      expect([await metadata(), await metadata()]).toEqual([String(version), String(version)]);
    }
    for (const { db } of [other, database]) {
      await putClient(db, row('a'));
      if (db === other.db) await turn();
      expect(await metadata()).toBe('{}');
      await deleteClient(db, 'a');
      if (db === other.db) await turn();
      expect([await metadata(), await metadata()]).toEqual([undefined, undefined]);
    }
  });

  test('what a transaction took back was never there, and it sees what it wrote itself', async () => {
    await putClient(database.db, row('a', 'before'));
    expect(await metadata()).toBe('before');
    await expect(database.transaction(async (tx) => {
      await putClient(tx, row('a', 'within'));
      expect((await findClient(tx, 'a'))?.metadata).toBe('within');
      throw new Error('no');
    })).rejects.toThrow('no');
    expect([await metadata(), await metadata()]).toEqual(['before', 'before']);
    await database.together(async (tx) => putClient(tx, row('a', 'after')));
    expect(await metadata()).toBe('after');
  });

  test('documents: each ends with what is written to it, whichever way it is found', async () => {
    const [ours, theirs] = [createDocuments(database), createDocuments(opened.second())];
    const seen = async () => [await ours.find('Session', 's'), await ours.findByUid('Session', 'u'), await ours.find('Grant', 'g')];
    expect(await seen()).toEqual([undefined, undefined, undefined]);
    await ours.upsert('Session', 's', { uid: 'u', n: 1 }, 9);
    expect(await seen()).toEqual([{ uid: 'u', n: 1 }, { uid: 'u', n: 1 }, undefined]);
    await ours.upsert('Grant', 'g', { grantId: 'g' }, 9);
    expect((await seen())[2]).toEqual({ grantId: 'g' });
    for (const [n, documents] of [[2, theirs], [3, ours]] as const) {
      await documents.upsert('Session', 's', { uid: 'u', n }, 9);
      if (documents === theirs) await turn();
      expect(await seen()).toEqual([{ uid: 'u', n }, { uid: 'u', n }, { grantId: 'g' }]);
    }
    await ours.consume('Session', 's', 7);
    expect((await seen()).slice(0, 2)).toEqual([{ uid: 'u', n: 3, consumed: 7 }, { uid: 'u', n: 3, consumed: 7 }]);
    await ours.upsert('Session', 's2', { uid: 'u', n: 4 }, 10);
    expect((await seen())[1]).toEqual({ uid: 'u', n: 4 });
    await ours.destroy('Session', 's2');
    await ours.revokeByGrantId('Grant', 'g');
    expect((await seen()).map((document) => document?.['n'])).toEqual([3, 3, undefined]);
  });

  if (name === 'sqlite') test('within one turn of the event loop another process is not asked after; what was read then is not kept for the next', async () => {
    await putClient(database.db, row('a', '1'));
    await turn();
    expect(await metadata()).toBe('1');
    await putClient(opened.second().db, row('a', '2'));
    expect([await metadata(), await metadata('b')]).toEqual(['1', undefined]);
    await turn();
    expect(await metadata()).toBe('2');
    await putClient(opened.second().db, row('a', '3'));
    expect(await metadata()).toBe('2');
    // who comes in now may have heard of it already
    requestCame();
    expect(await metadata()).toBe('3');
  });

  test('many answers are kept apart', async () => {
    for (let n = 0; n < 1100; n += 1) expect(await metadata(`none-${n}`)).toBeUndefined();
    await putClient(database.db, row('none-7', 'there'));
    expect([await metadata('none-7'), await metadata('none-8')]).toEqual(['there', undefined]);
  });

  if (name === 'sqlite') test('an answer is shared, so nobody changes it', async () => {
    await putClient(database.db, row('a'));
    const [first, second] = [await findClient(database.db, 'a'), await findClient(database.db, 'a')];
    expect(second).toBe(first);
    expect(() => { first!.metadata = 'mine'; }).toThrow(TypeError);
  });
});

test.each<[string, unknown]>([
  ['select * from "clients"', []], ['begin', []], ['commit', []], ['rollback to one', []], ['pragma data_version', []],
  ['insert into "clients" ("client_id") values (?) on conflict ("client_id") do update set "portal" = ?', ['clients']],
  ['update "sessions" set "last_active_at" = ?', ['sessions']],
  ['with "due" as (select "id" from "outbox") update "outbox" set "state" = ? returning *', ['outbox']],
  ['delete from "accounts" where "id" = ?', 'anything'], ['with "x" as (delete from "a" returning *) insert into "b" select * from "x"', 'anything'],
  ['alter table "audit" add column "x" text', 'anything'], ['insert into clients values (1)', 'anything'], ['replace into "clients" values (1)', 'anything'],
])('what is written by %s', (sql, tables) => {
  expect(writesOf(sql)).toEqual(tables);
});
