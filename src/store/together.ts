import type { Db } from './schema.ts';
import { currentScope, type Scope } from './scope.ts';

type Work<T> = (tx: Db) => Promise<T>;
type Waiting = { work: Work<unknown>; scope: Scope; resolve(value: unknown): void; reject(error: unknown): void };
type Transaction = <T>(work: Work<T>) => Promise<T>;

/**
 * Gathers what is asked for in one turn of the event loop into one transaction: with SQLite each commit writes the pages
 * it touched, and those of eight requests are mostly the same. Each piece is whole or not at all by itself, and is answered
 * after the commit, so nothing is promised that could be lost.
 * @param transaction runs work in a transaction; the work may be run again
 * @param inside runs a piece with the same guard as a transaction of its own, for the request that asked it: the audit trail says who is there
 */
export function gatherer(transaction: Transaction, inside: <T>(run: () => Promise<T>, scope: Scope) => Promise<T>): Transaction {
  let waiting: Waiting[] = [];
  const all = (batch: Waiting[]): Promise<unknown[]> => transaction(async (tx) => {
    const values: unknown[] = [];
    for (const { work, scope } of batch) values.push(await inside(() => work(tx), scope));
    return values;
  });
  const commit = async (): Promise<void> => {
    const batch = waiting;
    waiting = [];
    const values = await all(batch).catch((error: unknown) => {
      const [only] = batch;
      if (batch.length === 1) only?.reject(error);
      // one of them harms nobody else: each goes by itself
      else for (const one of batch) all([one]).then(([value]) => one.resolve(value), one.reject);
    });
    values?.forEach((value, index) => batch[index]?.resolve(value));
  };
  return <T>(work: Work<T>) => new Promise<T>((resolve, reject) => {
    waiting.push({ work, scope: currentScope(), resolve: resolve as (value: unknown) => void, reject });
    if (waiting.length === 1) setImmediate(() => { void commit(); });
  });
}
