import { AsyncResource } from 'node:async_hooks';
import { CompiledQuery } from 'kysely';
import { runCompiled } from './prepared.ts';
import type { Db } from './schema.ts';

type Work<T> = (tx: Db) => Promise<T>;
type Waiting = { run(tx: Db): Promise<void>; settle(): void; fail(error: unknown): void };

const savepoint = { set: CompiledQuery.raw('savepoint one'), back: CompiledQuery.raw('rollback to one'), drop: CompiledQuery.raw('release one') };

/**
 * Gathers what is asked for in one turn of the event loop into one transaction: with SQLite each commit writes the pages
 * it touched, and those of eight requests are mostly the same. Each piece is whole or not at all by itself (a savepoint),
 * and is answered after the commit, so nothing is promised that could be lost.
 * @param transaction runs work in a transaction
 * @param inside runs a piece with the same guard as a transaction of its own
 */
export function gatherer(transaction: <T>(work: Work<T>) => Promise<T>, inside: <T>(run: () => Promise<T>) => Promise<T>): <T>(work: Work<T>) => Promise<T> {
  let waiting: Waiting[] = [];
  const commit = async (): Promise<void> => {
    const batch = waiting;
    waiting = [];
    try {
      await transaction(async (tx) => { for (const one of batch) await one.run(tx); });
      for (const one of batch) one.settle();
    } catch (error) {
      for (const one of batch) one.fail(error);
    }
  };
  return <T>(work: Work<T>) => new Promise<T>((resolve, reject) => {
    // in the context of its own request, not of the one that happened to come first: the audit trail asks it who is there
    const context = new AsyncResource('write');
    let settle: () => void = () => reject(new Error('a transaction ended before its work'));
    waiting.push({
      run: (tx) => context.runInAsyncScope(() => inside(async () => { settle = await attempt(tx, work, resolve, reject); })),
      settle: () => settle(),
      fail: reject,
    });
    if (waiting.length === 1) setImmediate(() => { void commit(); });
  });
}

/** @returns what is to be said once all is committed */
async function attempt<T>(tx: Db, work: Work<T>, resolve: (value: T) => void, reject: (error: unknown) => void): Promise<() => void> {
  await runCompiled(tx, savepoint.set);
  try {
    const value = await work(tx);
    await runCompiled(tx, savepoint.drop);
    return () => resolve(value);
  } catch (error) {
    await undo(tx, error);
    return () => reject(error);
  }
}

/** @throws `reason` when it cannot be undone: on a full disk SQLite has taken back the whole transaction, everybody's */
async function undo(tx: Db, reason: unknown): Promise<void> {
  try {
    await runCompiled(tx, savepoint.back);
    await runCompiled(tx, savepoint.drop);
  } catch {
    throw reason;
  }
}
