import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../store/database.ts';
import { bringForward, claimMessages, forgetSecret, markFailed, markSent, type Message } from '../store/outbox.ts';
import type { Senders } from './senders.ts';

/** What the worker needs of a pino logger. */
export type WorkerLog = {
  warn(fields: Record<string, unknown>, text: string): void;
  error(fields: Record<string, unknown>, text: string): void;
};

export type WorkerOptions = {
  database: Database;
  senders: Senders;
  log: WorkerLog;
  /** milliseconds between looks into the outbox; 1000 unless told */
  intervalMs?: number;
  /** epoch seconds; the system clock unless told */
  clock?: () => number;
  /** codes in messages that were sent are removed: everywhere but in the demo world, whose outbox people read */
  forget?: boolean;
  /** told of every attempt */
  observe?: (event: OutboxEvent) => void;
};

export type OutboxEvent = { channel: Message['channel']; result: 'sent' | 'again' | 'given_up' };

export type OutboxWorker = {
  /** Takes no more messages, and resolves when those in hand are sent or put back. */
  stop(): Promise<void>;
  /** Sends everything that is due now. */
  drain(): Promise<void>;
};

/** Messages in hand of one channel. */
const BATCH = 10;
/** Attempts after which a message is given up; it stays in the outbox as failed. */
export const ATTEMPTS = 10;
/** Milliseconds for one attempt: less than the time after which the outbox gives the message to another worker. */
const PATIENCE = 90_000;
/** Milliseconds that stopping waits for what is in hand: a server that hangs must not keep us. It is sent again later, by whoever runs then. */
const FAREWELL = 10_000;

/** Seconds between two attempts, at most. */
const LONGEST = 3600;

/** Seconds until the next attempt: half a minute, doubling, at most an hour. Ten attempts span three hours. */
export function backOff(attempt: number): number {
  return Math.min(LONGEST, 30 * 2 ** (attempt - 1));
}

/** Takes messages that are due, of channels that have room. */
function claimer({ database, clock, log }: Required<Pick<WorkerOptions, 'database' | 'clock' | 'log'>>): (full: Message['channel'][]) => Promise<Message[]> {
  let latest = Infinity;
  return async (full) => {
    const now = clock();
    // at the start, and after a step back: what was written by a clock that was ahead would wait for it
    if (now < latest && await bringForward(database.db, now, LONGEST) > 0) log.warn({}, 'messages brought forward: the clock stepped back');
    latest = now;
    return claimMessages(database, BATCH, now, full);
  };
}

/** Sends what stands in a realm's outbox. A message is never lost, and sent twice only when a worker dies over it. */
export function startOutboxWorker({ database, senders, log, intervalMs = 1000, clock = systemClock, forget = false, observe = () => undefined }: WorkerOptions): OutboxWorker {
  const unread = (error: unknown) => log.error({ error: nameOf(error) }, 'the outbox cannot be read');
  let stopped = false;
  let claiming: Promise<void> = Promise.resolve();
  let refills = 0;
  const inHand = new Map<Promise<void>, Message['channel']>();
  const full = () => fullChannels([...inHand.values()]);

  const claim = claimer({ database, clock, log });
  const begin = (message: Message) => {
    const work = sendOne({ database, senders, log, clock, forget, observe }, message)
      .catch((error: unknown) => log.error({ error: nameOf(error) }, 'the outbox cannot be written'))
      .finally(() => {
        const waited = full().includes(message.channel);
        inHand.delete(work);
        if (!waited) return;
        refills += 1;
        take().catch(unread).finally(() => { refills -= 1; });
      });
    inHand.set(work, message.channel);
  };
  // one claim at a time; a channel whose server is slow holds up no other: login codes wait for no newsletter
  const take = () => {
    const turn = claiming.then(async () => {
      for (let taken = 0; ;) {
        const messages = stopped ? [] : await claim(full());
        for (const message of messages) begin(message);
        taken += messages.length;
        if (messages.length === 0) return taken;
      }
    });
    claiming = turn.then(() => undefined, () => undefined);
    return turn;
  };
  const drain = async () => {
    // a channel that has room again has a claim under way of its own
    while (await take() > 0 || inHand.size > 0 || refills > 0) await Promise.all(inHand.keys());
  };
  const timer = everyFree(intervalMs, () => take().catch(unread));
  return {
    drain,
    stop: async () => {
      stopped = true;
      clearInterval(timer);
      await claiming;
      await atMost(Promise.all(inHand.keys()), FAREWELL);
      senders.close?.();
    },
  };
}

async function atMost(work: Promise<unknown>, ms: number): Promise<void> {
  const end = new AbortController();
  await Promise.race([work, sleep(ms, undefined, { signal: end.signal }).catch(() => undefined)]);
  end.abort();
}

/** Channels of which as many messages are in hand as may be. */
function fullChannels(inHand: Message['channel'][]): Message['channel'][] {
  return [...new Set(inHand)].filter((channel) => inHand.filter((one) => one === channel).length >= BATCH);
}

/** Repeats work, but never while it is still at it. */
function everyFree(intervalMs: number, work: () => Promise<unknown>): NodeJS.Timeout {
  let busy = false;
  return setInterval(() => {
    if (busy) return;
    busy = true;
    void work().finally(() => { busy = false; });
  }, intervalMs);
}

async function sendOne({ database, senders, log, clock, forget, observe }: Required<Omit<WorkerOptions, 'intervalMs'>>, message: Message): Promise<void> {
  const { id, channel, attempts } = message;
  try {
    await withPatience(hand(senders, message));
  } catch (error) {
    const name = nameOf(error);
    const { final, waits } = (error ?? {}) as { final?: unknown; waits?: unknown };
    const last = final === true || (attempts >= ATTEMPTS && waits !== true);
    const fields = { message: id, channel, attempt: attempts, error: name };
    if (last) log.error(fields, 'message given up');
    else log.warn(fields, 'message not sent, will be tried again');
    observe({ channel, result: last ? 'given_up' : 'again' });
    await database.transaction(async (tx) => {
      if (await markFailed(tx, id, name, last ? null : clock() + backOff(attempts), attempts) && last) await senders.settled?.(tx, message, name);
    });
    return;
  }
  observe({ channel, result: 'sent' });
  // when this fails the message stays `sending` and is taken again: rather twice than never
  await database.transaction(async (tx) => {
    if (!await markSent(tx, id, clock(), attempts)) return;
    if (forget) await forgetSecret(tx, id);
    await senders.settled?.(tx, message);
  });
}

async function hand(senders: Senders, message: Message): Promise<void> {
  const send = senders[message.channel];
  // a letter is good for weeks, and whoever prints it may come later than the first ten attempts
  if (!send) throw Object.assign(new Error('no sender'), { code: `no sender for ${message.channel}`, waits: message.channel === 'letter' });
  await send(message);
}

async function withPatience(work: Promise<void>): Promise<void> {
  const end = new AbortController();
  const late = sleep(PATIENCE, undefined, { signal: end.signal, ref: false })
    .then(() => { throw Object.assign(new Error('too slow'), { code: 'timeout' }); });
  late.catch(() => undefined);
  try {
    await Promise.race([work, late]);
  } finally {
    end.abort();
  }
}

/** What went wrong without a word of the message itself: servers quote addresses in their answers. */
function nameOf(error: unknown): string {
  const { responseCode, code, cause, name } = (error ?? {}) as { responseCode?: unknown; code?: unknown; cause?: { code?: unknown }; name?: unknown };
  const known = [typeof responseCode === 'number' && `smtp ${responseCode}`, code, cause?.code, name];
  return known.find((word): word is string => typeof word === 'string') ?? 'unknown';
}

function systemClock(): number {
  return Math.floor(Date.now() / 1000);
}
