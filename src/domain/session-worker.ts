import type { Realm } from '../config/schema.ts';
import type { Database } from '../store/database.ts';
import { listSessionsOver } from '../store/sessions.ts';
import { endIfOver } from './sessions.ts';

export type SessionWorkerOptions = {
  database: Database;
  realm: Pick<Realm, 'ttl'>;
  /** epoch seconds */
  clock: () => number;
  log: { error(detail: object, text: string): void };
  /** milliseconds between two looks; 15 000 unless told */
  intervalMs?: number;
};

export type SessionWorker = {
  /** Looks no more, and resolves when the session in hand is ended. */
  stop(): Promise<void>;
  /** Ends every session that is over now. @returns how many this call ended */
  sweep(): Promise<number>;
};

/** Sessions that are read at once. */
const BATCH = 100;

/**
 * Ends sessions that nobody uses any more, or that are at their absolute end: without it their clients would never be told.
 * Each in a transaction of its own, so that one that cannot be ended keeps no other, and any number of nodes may do it.
 */
export function startSessionWorker({ database, realm, clock, log, intervalMs = 15_000 }: SessionWorkerOptions): SessionWorker {
  let stopped = false;
  let busy: Promise<number> | undefined;

  const batch = async (now: number): Promise<{ seen: number; ended: number }> => {
    const ids = await listSessionsOver(database.db, { idleSince: now - realm.ttl.idle, now, limit: BATCH });
    let ended = 0;
    for (const id of ids) {
      if (stopped) break;
      try {
        if (await database.transaction((tx) => endIfOver(tx, realm, id, now))) ended += 1;
      } catch (error) {
        log.error({ err: error, session: id }, 'a session cannot be ended');
      }
    }
    return { seen: ids.length, ended };
  };
  const all = async (): Promise<number> => {
    for (let total = 0; ;) {
      const { seen, ended } = await batch(clock());
      total += ended;
      // a batch of which nothing could be ended would be read again for ever
      if (stopped || seen < BATCH || ended === 0) return total;
    }
  };
  const sweep = (): Promise<number> => {
    busy ??= all().finally(() => { busy = undefined; });
    return busy;
  };
  const timer = setInterval(() => {
    sweep().catch((error: unknown) => log.error({ err: error }, 'sessions cannot be read'));
  }, intervalMs);
  return {
    sweep,
    stop: async () => {
      stopped = true;
      clearInterval(timer);
      await busy?.catch(() => undefined);
    },
  };
}
