import { setTimeout as sleep } from 'node:timers/promises';
import type { Measured, Round } from './figures.ts';
import { Lane } from './lane.ts';
import type { Measure } from './measures.ts';
import type { Server } from './process.ts';
import type { Person, Subject } from './subject.ts';

export type Contender = { server: Server; lanes: Lane[]; people: Person[] };
export type Pace = { rounds: number; /** milliseconds */ round: number; warmUp: number; settle: number };

/** Long enough for the audit trail to be sealed (every 5 s) and for garbage to be collected. */
export const pace: Pace = { rounds: 5, round: 1000, warmUp: 2000, settle: 5600 };

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

/** Every connection does one operation after another until the time (milliseconds) is up. */
export async function load({ work }: Measure, { server, lanes }: Contender, time: number): Promise<Round> {
  const start = server.cpu();
  const end = performance.now() + time;
  let operations = 0;
  await Promise.all(lanes.map(async (lane) => {
    while (performance.now() < end) {
      await work(lane);
      operations += 1;
    }
  }));
  return { operations, cpu: server.cpu() - start };
}
