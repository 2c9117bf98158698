import { setTimeout as sleep } from 'node:timers/promises';
import type { Measured, Round } from './figures.ts';
import { Lane } from './lane.ts';
import type { Measure } from './measures.ts';
import type { Server } from './process.ts';
import type { Person, Subject } from './subject.ts';

export type Contender = { server: Server; lanes: Lane[]; people: Person[] };
/** Enough of a load: so many CPU seconds of the server, or so many operations. Neither asks how busy the machine is. */
export type Enough = { cpu: number } | { operations: number };
export type Pace = { rounds: number; round: Enough; warmUp: Enough; /** milliseconds */ settle: number };

/**
 * Warm: V8 compiles what it saw run thousands of times, and does so on the server's own time. Settled: long enough for the
 * audit trail to be sealed (every 5 s) and for garbage to be collected.
 */
export const pace: Pace = { rounds: 5, round: { cpu: 0.8 }, warmUp: { operations: 4000 }, settle: 5600 };

export async function enter(server: Server, subject: Subject, people: Person[]): Promise<Contender> {
  return { server, people, lanes: await Promise.all(people.map(() => Lane.open(subject))) };
}

/** Warm-up, then rounds in turn: Sluis, bare, Sluis, bare … */
export async function contest(measure: Measure, sluis: Contender, bare: Contender, { rounds, round, warmUp, settle }: Pace): Promise<Measured> {
  const measured: Measured = { sluis: [], bare: [], after: { sluis: 0, bare: 0 } };
  for (const contender of [sluis, bare]) {
    if (measure.people) await Promise.all(contender.lanes.map((lane, index) => lane.login(contender.people[index] ?? {})));
    await load(measure, contender, warmUp);
  }
  // what the warm-up left to be done is not for the rounds to pay
  await sleep(settle);
  const before = { sluis: sluis.server.cpu(), bare: bare.server.cpu() };
  for (let count = 0; count < rounds; count += 1) {
    measured.sluis.push(await load(measure, sluis, round));
    measured.bare.push(await load(measure, bare, round));
  }
  await sleep(settle);
  const spent = (list: Round[]): number => list.reduce((sum, { cpu }) => sum + cpu, 0);
  measured.after = {
    sluis: Math.max(0, sluis.server.cpu() - before.sluis - spent(measured.sluis)), bare: Math.max(0, bare.server.cpu() - before.bare - spent(measured.bare)),
  };
  return measured;
}

/** Every connection does one operation after another until it is enough. */
export async function load({ work }: Measure, { server, lanes }: Contender, enough: Enough): Promise<Round> {
  const start = server.cpu();
  let [operations, over] = [0, false];
  const watch = setInterval(() => { over = 'cpu' in enough ? server.cpu() - start >= enough.cpu : operations >= enough.operations; }, 10);
  try {
    await Promise.all(lanes.map(async (lane) => {
      while (!over) {
        await work(lane);
        operations += 1;
      }
    }));
  } finally {
    clearInterval(watch);
  }
  return { operations, cpu: server.cpu() - start };
}
