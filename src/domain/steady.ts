import { setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds. Far more than the work between two answers differs. */
const GRID = 500;

/** Waits for the next multiple of half a second after `start` (`performance.now()`): time then does not tell what was done. */
export async function onGrid(start: number): Promise<void> {
  await sleep(GRID - ((performance.now() - start) % GRID));
}
