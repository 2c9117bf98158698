import { setImmediate as letOthers } from 'node:timers/promises';
import type { Database } from '../../store/database.ts';
import { stretches } from '../../store/lifecycle.ts';
import { dormancy } from './dormancy.ts';
import { passwordNotices } from './password-notices.ts';
import { purges } from './purge.ts';
import type { Round, Task, TaskName } from './task.ts';

/** Account ids by what was done to them. */
export type RoundResult = { done: Record<TaskName, string[]>; failed: number };

export type RoundOptions = Round & {
  database: Database;
  /** changes nothing: `done` is what would be done now */
  dryRun?: boolean;
  /** asked before each account: the rest is for the next round */
  stopped?: () => boolean;
  /** told of an account for which something cannot be done; it keeps no other from its turn */
  onError?: (error: unknown, detail: { task: TaskName; account: string }) => void;
};

/** Accounts that are looked at in one question. */
const STRETCH = 500;

/**
 * Does to every account of a realm what its time has come for. Each in a transaction of its own: a round that breaks off has
 * done what it did, the next one does the rest, and of two at once only one does each thing.
 */
export async function runRound({ database, dryRun = false, stopped = () => false, onError, ...round }: RoundOptions): Promise<RoundResult> {
  const result: RoundResult = { done: { password_notice: [], dormancy_reminder: [], dormant: [], purged: [] }, failed: 0 };
  const one = async ({ name, act }: Task, account: string): Promise<void> => {
    try {
      if (dryRun || await database.transaction((tx) => act(tx, account))) result.done[name].push(account);
    } catch (error) {
      result.failed += 1;
      onError?.(error, { task: name, account });
    }
  };
  for (const task of [...passwordNotices(round), ...dormancy(round), ...purges(round)]) {
    for await (const stretch of stretches(database.db, STRETCH)) {
      for (const id of await task.due(database.db, stretch)) {
        if (stopped()) return result;
        await one(task, id);
      }
      if (stopped()) return result;
      await letOthers();
    }
  }
  return result;
}
