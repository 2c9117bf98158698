import type { Realm } from '../../config/schema.ts';
import type { Database } from '../../store/database.ts';
import { runRound, type RoundResult } from './round.ts';
import type { TaskName } from './task.ts';

export type LifecycleEvent = { task: TaskName; count: number };

export type LifecycleWorkerOptions = {
  database: Database;
  realm: Realm;
  /** epoch seconds */
  clock: () => number;
  log: { info(detail: object, text: string): void; error(detail: object, text: string): void };
  /** told after each round of what it did */
  observe?: (event: LifecycleEvent) => void;
  /** milliseconds until the first round, half a minute unless told, and between two, an hour */
  firstMs?: number;
  intervalMs?: number;
};

export type LifecycleWorker = {
  /** Begins no round any more, and resolves when the account in hand is done. */
  stop(): Promise<void>;
  /** Does a round now, or waits for the one that is under way. */
  round(): Promise<RoundResult>;
};

/** Looks after the accounts of a realm: who is told, who becomes dormant, whose data go. Every node may run it. */
export function startLifecycleWorker({ database, realm, clock, log, observe, firstMs = 30_000, intervalMs = 3_600_000 }: LifecycleWorkerOptions): LifecycleWorker {
  let stopped = false;
  let busy: Promise<RoundResult> | undefined;
  const all = async (): Promise<RoundResult> => {
    const result = await runRound({
      database, realm, actor: { kind: 'system', id: 'lifecycle' }, now: clock(), stopped: () => stopped,
      onError: (error, detail) => log.error({ err: error, ...detail }, 'an account cannot be looked after'),
    });
    const counts = Object.entries(result.done).map(([task, ids]) => ({ task: task as TaskName, count: ids.length })).filter(({ count }) => count > 0);
    for (const event of counts) observe?.(event);
    if (counts.length > 0) log.info(Object.fromEntries(counts.map(({ task, count }) => [task, count])), 'accounts looked after');
    return result;
  };
  const round = (): Promise<RoundResult> => {
    busy ??= all().finally(() => { busy = undefined; });
    return busy;
  };
  const look = () => { round().catch((error: unknown) => log.error({ err: error }, 'accounts cannot be looked after')); };
  const first = setTimeout(look, firstMs);
  const timer = setInterval(look, intervalMs);
  return {
    round,
    stop: async () => {
      stopped = true;
      clearTimeout(first);
      clearInterval(timer);
      await busy?.catch(() => undefined);
    },
  };
}
