import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { migrate, openDatabase, type Database } from '../store/database.ts';
import { enqueue, listOutbox } from '../store/outbox.ts';
import { createSenders, type Senders } from './senders.ts';
import { ATTEMPTS, backOff, startOutboxWorker } from './worker.ts';

const NOON = 1_780_315_200;
let database: Database;
let now: number;
let lines: string[];
beforeEach(async () => {
  database = openDatabase({ file: ':memory:' });
  await migrate(database);
  now = NOON;
  lines = [];
});
afterEach(() => database.close());

const log = {
  warn: (fields: object, text: string) => { lines.push(`warn ${text} ${JSON.stringify(fields)}`); },
  error: (fields: object, text: string) => { lines.push(`error ${text} ${JSON.stringify(fields)}`); },
};
const start = (senders: Senders, intervalMs = 60_000) => startOutboxWorker({ database, senders, log, intervalMs, clock: () => now });
const aMessage = (channel: 'mail' | 'sms' | 'letter' = 'mail', recipient = 'a@example.nl') => enqueue(database.db, { channel, recipient, subject: 'S', text: 'T', now });

test('drain sends all that is due, each once, also when called twice at once', async () => {
  const sent: string[] = [];
  for (let n = 0; n < 35; n += 1) await aMessage('mail', `${n}@example.nl`);
  const worker = start({ mail: async (message) => { sent.push(message.recipient); } });
  await Promise.all([worker.drain(), worker.drain()]);
  expect(new Set(sent).size).toBe(35);
  expect(sent).toHaveLength(35);
  expect((await listOutbox(database.db)).every((message) => message.state === 'sent')).toBe(true);
  await worker.stop();
});

test('it looks by itself', async () => {
  await aMessage();
  const arrived = new Promise<void>((resolve) => {
    const worker = start({ mail: async () => { resolve(); void worker.stop(); } }, 5);
  });
  await arrived;
});

test('a failure is tried again later and later, given up after ten, and never lost', async () => {
  let tries = 0;
  await aMessage();
  const worker = start({ mail: async () => { tries += 1; throw Object.assign(new Error('550 <a@example.nl> unknown'), { responseCode: 550, code: 'EENVELOPE' }); } });
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    await worker.drain();
    await worker.drain();
    expect(tries).toBe(attempt);
    now += backOff(attempt);
  }
  now += 100_000;
  await worker.drain();
  expect(tries).toBe(ATTEMPTS);
  expect(await listOutbox(database.db)).toMatchObject([{ state: 'failed', attempts: ATTEMPTS, error: 'smtp 550' }]);
  expect(lines).toHaveLength(ATTEMPTS);
  expect(lines.at(-1)).toContain('error message given up');
  expect(lines.join()).not.toContain('example.nl');
  await worker.stop();
});

test('a code that was sent is not kept, and one that was not is', async () => {
  for (const code of ['K7QM-4TPX-92', undefined]) await enqueue(database.db, { channel: 'mail', recipient: 'a@example.nl', subject: 'S', text: `Tekst ${code}`, html: '<p>', ...(code && { code }), now });
  await enqueue(database.db, { channel: 'letter', recipient: 'Postbus 1', subject: 'S', text: 'Brief', code: 'AAAA-AAAA-AA', now });
  const worker = startOutboxWorker({ database, senders: { mail: async () => undefined }, log, forget: true, clock: () => now, intervalMs: 1_000_000 });
  await worker.drain();
  const kept = (await listOutbox(database.db)).map(({ channel, state, text, html, code }) => [channel, state, text, html, code]);
  expect(kept).toEqual(expect.arrayContaining([
    ['mail', 'sent', '', null, null], ['mail', 'sent', 'Tekst undefined', '<p>', null], ['letter', 'waiting', 'Brief', null, 'AAAA-AAAA-AA'],
  ]));
  await worker.stop();
});

test('a letter for which there is no printer yet waits as long as it takes', async () => {
  await aMessage('letter', 'Dorpsstraat 1');
  const worker = start(createSenders({ demo: false }));
  for (let attempt = 1; attempt <= ATTEMPTS + 5; attempt += 1) {
    await worker.drain();
    now += 3600;
  }
  expect(await listOutbox(database.db)).toMatchObject([{ state: 'waiting', error: 'no sender for letter', attempts: ATTEMPTS + 5 }]);
  await worker.stop();
});

test('what no later try can mend is given up at once', async () => {
  await aMessage();
  const worker = start({ mail: async () => { throw Object.assign(new Error('gone'), { code: 'the client is gone', final: true }); } });
  await worker.drain();
  expect(await listOutbox(database.db)).toMatchObject([{ state: 'failed', attempts: 1, error: 'the client is gone' }]);
  expect(lines).toEqual([expect.stringContaining('error message given up')]);
  await worker.stop();
});

test('what became of a message is told in the transaction that marks it: sent, or given up, not each try', async () => {
  const told: (string | undefined)[][] = [];
  let fails: object | undefined = { code: 'not now' };
  await aMessage();
  const worker = start({
    mail: async () => { if (fails) throw Object.assign(new Error('no'), fails); },
    settled: async (tx, message, error) => {
      // marked by now, and nobody outside can see it yet
      told.push([(await tx.selectFrom('outbox').select('state').where('id', '=', message.id).executeTakeFirst())?.state, error]);
      if (told.length === 1) throw new Error('the trail cannot be written');
    },
  });
  await worker.drain();
  expect(told).toEqual([]);
  fails = undefined;
  now += backOff(1);
  await worker.drain();
  expect(await listOutbox(database.db)).toMatchObject([{ state: 'sending' }]);
  now += 120;
  await worker.drain();
  expect(await listOutbox(database.db)).toMatchObject([{ state: 'sent' }]);
  fails = { code: 'never', final: true };
  await aMessage();
  await worker.drain();
  expect(told).toEqual([['sent', undefined], ['sent', undefined], ['failed', 'never']]);
  await worker.stop();
});

test('one that fails does not hold up the others', async () => {
  await aMessage('mail', 'bad@example.nl');
  await aMessage('mail', 'good@example.nl');
  const worker = start({ mail: async (message) => { if (message.recipient.startsWith('bad')) throw new Error('no'); } });
  await worker.drain();
  expect((await listOutbox(database.db)).map((message) => message.state).sort()).toEqual(['sent', 'waiting']);
  await worker.stop();
});

test('stop waits for the message in hand and takes no other', async () => {
  for (let n = 0; n < 15; n += 1) await aMessage();
  let release = () => {};
  const held = new Promise<void>((resolve) => { release = resolve; });
  let closed = false;
  const worker = start({ mail: () => held, close: () => { closed = true; } });
  const draining = worker.drain();
  await new Promise((resolve) => { setTimeout(resolve, 20); });
  const stopping = worker.stop();
  expect(closed).toBe(false);
  release();
  await Promise.all([draining, stopping]);
  expect(closed).toBe(true);
  const states = (await listOutbox(database.db)).map((message) => message.state);
  expect(states.filter((state) => state === 'sent')).toHaveLength(10);
  expect(states.filter((state) => state === 'waiting')).toHaveLength(5);
});

test('in the demo what has no sender counts as sent; elsewhere it waits for one', async () => {
  await aMessage('sms', '+31612345678');
  await aMessage('letter', 'Dorpsstraat 1');
  const real = start(createSenders({ demo: false }));
  await real.drain();
  expect((await listOutbox(database.db)).map((message) => [message.state, message.error]))
    .toEqual([['waiting', 'no sender for letter'], ['waiting', 'no sender for sms']]);
  await real.stop();
  now += 60;
  const demo = start(createSenders({ demo: true }));
  await demo.drain();
  expect((await listOutbox(database.db)).every((message) => message.state === 'sent')).toBe(true);
  await demo.stop();
});

test('a database that does not answer is logged, and the worker goes on', async () => {
  const broken = openDatabase({ file: ':memory:' });
  const worker = startOutboxWorker({ database: broken, senders: {}, log, intervalMs: 5 });
  await expect(worker.drain()).rejects.toMatchObject({ message: expect.stringContaining('no such table') });
  await new Promise((resolve) => { setTimeout(resolve, 50); });
  await worker.stop();
  expect(lines[0]).toContain('error the outbox cannot be read');
  await broken.close();
});
