import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../../src/store/database.ts';
import type { Db } from '../../src/store/schema.ts';

/** Two transactions on two nodes at the same moment: `first` has done its work and not yet committed when `second` begins. */
export async function interleave<A, B>([here, there]: [Database, Database], first: (tx: Db) => Promise<A>, second: (tx: Db) => Promise<B>): Promise<[A, B]> {
  let done = (): void => undefined;
  const worked = new Promise<void>((resolve) => { done = resolve; });
  const one = here.transaction(async (tx) => {
    const result = await first(tx);
    done();
    await sleep(150);
    return result;
  });
  await Promise.race([worked, one]);
  return Promise.all([one, there.transaction(second)]);
}
