import { setImmediate as letOthers } from 'node:timers/promises';
import { purgeActivationCodes, purgeSentCodes } from './codes.ts';
import { purgeCounters } from './counters.ts';
import type { Database } from './database.ts';
import { createDocuments } from './documents.ts';
import { purgeOutbox } from './outbox.ts';
import { purgeReplays } from './replays.ts';
import { purgeRuns } from './runs.ts';
import { purgeFaceSessions } from './sessions.ts';
import { purgeTickets } from './tickets.ts';

/** seconds that a run stays known after it ended, so that a late visitor still finds the way back to the portal */
const runsKept = 86_400;
/** seconds that codes stay known after their end: until then a page says that one was used or replaced, and messages are counted */
const codesKept = 30 * 86_400;
/** seconds that messages stay: they hold names, addresses and codes */
const messagesKept = 90 * 86_400;
/** Rows in one statement: on SQLite everybody waits for it, so it takes milliseconds. */
const BATCH = 200;

/** Removes what is over, every minute: abandoned logins must not pile up. Safe on several nodes. */
export function startPurge(database: Database, clock: () => number, log: { error(detail: object, text: string): void }): { stop(): Promise<void> } {
  let busy: Promise<void> | undefined;
  let stopped = false;
  const timer = setInterval(() => {
    // one that takes longer than a minute goes on alone
    busy ??= purge(database, clock(), () => stopped).catch((error: unknown) => log.error({ err: error }, 'purge failed'))
      .finally(() => { busy = undefined; });
  }, 60_000);
  timer.unref();
  return {
    /** Resolves when the batch in hand is done. */
    async stop() {
      stopped = true;
      clearInterval(timer);
      await busy;
    },
  };
}

/** @param stopped asked between batches */
export async function purge(database: Database, now: number, stopped: () => boolean = () => false): Promise<void> {
  const { db } = database;
  const documents = createDocuments(database);
  for (const remove of [
    (limit: number) => documents.purge(now, limit),
    (limit: number) => purgeTickets(db, now - runsKept, limit),
    (limit: number) => purgeRuns(db, now - runsKept, limit),
    (limit: number) => purgeFaceSessions(db, now, limit),
    (limit: number) => purgeReplays(db, now, limit),
    (limit: number) => purgeCounters(db, now, limit),
    (limit: number) => purgeSentCodes(db, now - codesKept, limit),
    (limit: number) => purgeActivationCodes(db, now - codesKept, limit),
    (limit: number) => purgeOutbox(db, now - messagesKept, limit),
  ]) {
    while (!stopped() && await remove(BATCH) === BATCH) await letOthers();
  }
}
