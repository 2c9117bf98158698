import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Database } from '../../src/store/database.ts';
import { claimMessages, enqueue, listOutbox, markFailed, markSent, retryMessage } from '../../src/store/outbox.ts';
import { dialects, type TestDatabase } from '../support/databases.ts';
import { NOON } from '../support/rows.ts';

describe.each(dialects)('outbox on $name', ({ open }) => {
  let opened: TestDatabase;
  let database: Database;
  beforeEach(async () => { opened = await open(); database = opened.database; });
  afterEach(() => opened.drop());
  const aMessage = (recipient: string) => ({ channel: 'mail' as const, recipient, subject: "Voor O'Brien", text: 'Beste Nguyễn', now: NOON });

  test('what is rolled back is not sent', async () => {
    await expect(database.transaction(async (tx) => {
      await enqueue(tx, aMessage('a@example.nl'));
      throw new Error('no');
    })).rejects.toThrow('no');
    expect(await claimMessages(database, 10, NOON)).toEqual([]);
    expect(await listOutbox(database.db)).toEqual([]);
  });

  test('two nodes never get the same message', async () => {
    for (let n = 0; n < 60; n += 1) await enqueue(database.db, aMessage(`${n}@example.nl`));
    const nodes = [database, opened.second()];
    const claims = await Promise.all(Array.from({ length: 12 }, (_, n) => claimMessages(nodes[n % 2] as Database, 7, NOON)));
    expect(Math.max(...claims.map((claim) => claim.length))).toBeLessThanOrEqual(7);
    // on PostgreSQL a claim may come back short when another holds the rows it looked at: nobody else gets those twice
    while ((claims.at(-1)?.length ?? 0) > 0) claims.push(await claimMessages(database, 7, NOON));
    const ids = claims.flat().map((message) => message.id);
    expect(ids).toHaveLength(60);
    expect(new Set(ids).size).toBe(60);
  });

  test('a message whose worker died is taken again after two minutes, and then the first no longer counts', async () => {
    const id = await enqueue(database.db, aMessage('a@example.nl'));
    expect(await claimMessages(database, 10, NOON)).toMatchObject([{ id, attempts: 1, state: 'sending' }]);
    expect(await claimMessages(database, 10, NOON + 119)).toEqual([]);
    expect(await claimMessages(database, 10, NOON + 120)).toMatchObject([{ id, attempts: 2 }]);
    expect(await markFailed(database.db, id, 'late', NOON, 1)).toBe(false);
    expect(await markSent(database.db, id, NOON + 121, 2)).toBe(true);
    expect(await claimMessages(database, 10, NOON + 9999)).toEqual([]);
    expect(await listOutbox(database.db)).toMatchObject([{ state: 'sent', sent_at: NOON + 121, error: null }]);
  });

  test('a failure waits until its time; given up, it can be tried again by hand', async () => {
    const id = await enqueue(database.db, { ...aMessage('a@example.nl'), html: '<p>', code: '123', links: ['https://x.nl/a?b=c'] });
    await claimMessages(database, 10, NOON);
    await markFailed(database.db, id, 'smtp 451', NOON + 30);
    expect(await claimMessages(database, 10, NOON + 29)).toEqual([]);
    expect(await claimMessages(database, 10, NOON + 30)).toMatchObject([{ error: 'smtp 451', attempts: 2, links: ['https://x.nl/a?b=c'], code: '123' }]);
    expect(await retryMessage(database.db, id, NOON)).toBe(false);
    await markFailed(database.db, id, 'smtp 550', null);
    expect(await claimMessages(database, 10, NOON + 9999)).toEqual([]);
    expect(await retryMessage(database.db, id, NOON + 40)).toBe(true);
    expect(await claimMessages(database, 10, NOON + 40)).toMatchObject([{ attempts: 1, error: null }]);
  });

  test('the list is newest first, also within one second, and filtered', async () => {
    for (const to of ['a@example.nl', 'b@example.nl', 'a@example.nl']) await enqueue(database.db, aMessage(to));
    const last = await enqueue(database.db, { ...aMessage('+31612345678'), channel: 'sms' });
    const all = await listOutbox(database.db);
    expect(all.map((message) => message.recipient)).toEqual(['+31612345678', 'a@example.nl', 'b@example.nl', 'a@example.nl']);
    expect(await listOutbox(database.db, { to: 'a@example.nl', limit: 1 })).toHaveLength(1);
    expect(await listOutbox(database.db, { channel: 'sms' })).toMatchObject([{ id: last, links: [], subject: "Voor O'Brien", text: 'Beste Nguyễn' }]);
  });
});
