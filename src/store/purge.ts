import { purgeCounters } from './counters.ts';
import type { Database } from './database.ts';
import { createDocuments } from './documents.ts';
import { purgeReplays } from './replays.ts';
import { purgeRuns } from './runs.ts';
import { purgeFaceSessions } from './sessions.ts';

/** seconds that a run stays known after it ended, so that a late visitor still finds the way back to the portal */
const runsKept = 86_400;

/** Removes what is over, every minute: abandoned logins must not pile up. Safe on several nodes. */
export function startPurge(database: Database, clock: () => number, log: { error(detail: object, text: string): void }): { stop(): void } {
  const timer = setInterval(() => {
    purge(database, clock()).catch((error: unknown) => log.error({ err: error }, 'purge failed'));
  }, 60_000);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}

export async function purge(database: Database, now: number): Promise<void> {
  const { db } = database;
  await createDocuments(database).purge(now);
  await purgeRuns(db, now - runsKept);
  await purgeFaceSessions(db, now);
  await db.deleteFrom('tickets').where('expires_at', '<=', now - runsKept).execute();
  await purgeReplays(db, now);
  await purgeCounters(db, now);
}
