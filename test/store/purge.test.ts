import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { activationCodes } from '../../src/store/codes.ts';
import { claimMessages, enqueue, listOutbox, markFailed, markSent } from '../../src/store/outbox.ts';
import { purge } from '../../src/store/purge.ts';
import { dialects, type TestDatabase } from '../support/databases.ts';
import { anAccount, NOON } from '../support/rows.ts';

const DAY = 86_400;

describe.each(dialects)('cleaning on $name', ({ open }) => {
  let opened: TestDatabase;
  beforeAll(async () => { opened = await open(); });
  afterAll(() => opened.drop());

  test('codes go a month after their end, an open activation code never', async () => {
    const { database, database: { db } } = opened;
    for (const id of ['used', 'open']) {
      await anAccount(db, id);
      await activationCodes.insert(db, { id, account_id: id, hash: 'h', max_tries: 5, channel: 'letter', issued_by: 'desk', issued_at: NOON, expires_at: NOON + DAY });
    }
    await activationCodes.close(db, 'used', 'used', NOON);
    await db.insertInto('sent_codes').values({ id: 's', purpose: 'sms:f', account_id: 'used', hash: 'h', max_tries: 5, issued_at: NOON, expires_at: NOON, closed_at: null }).execute();
    const left = async () => [await db.selectFrom('activation_codes').select('id').orderBy('id').execute(), await db.selectFrom('sent_codes').select('id').execute()].map((rows) => rows.map(({ id }) => id));
    await purge(database, NOON + 30 * DAY - 1);
    expect(await left()).toEqual([['open', 'used'], ['s']]);
    await purge(database, NOON + 30 * DAY);
    expect(await left()).toEqual([['open'], []]);
    await purge(database, NOON + 9000 * DAY);
    expect(await left()).toEqual([['open'], []]);
  });

  test('messages go three months after they were written, but not before they were sent or given up', async () => {
    const { database, database: { db } } = opened;
    for (const recipient of ['sent', 'failed', 'waiting']) await enqueue(db, { channel: 'mail', recipient, subject: 's', text: 't', now: NOON });
    const [sent, failed] = await claimMessages(database, 2, NOON);
    await markSent(db, sent!.id, NOON);
    await markFailed(db, failed!.id, 'no', null);
    await purge(database, NOON + 90 * DAY - 1);
    expect(await listOutbox(db)).toHaveLength(3);
    await purge(database, NOON + 90 * DAY);
    expect((await listOutbox(db)).map(({ recipient }) => recipient)).toEqual(['waiting']);
  });
});
