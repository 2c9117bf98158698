import { setTimeout as sleep } from 'node:timers/promises';
import type { Measured, Round } from './figures.ts';
import { Lane } from './lane.ts';
import type { Measure } from './measures.ts';
import type { Server } from './process.ts';
import type { Person, Subject } from './subject.ts';

export type Contender = { server: Server; lanes: Lane[]; people: Person[] };
/** `round`: CPU seconds of the server, which do not ask how busy the machine is; `settle`: milliseconds */
export type Pace = { rounds: number; round: number; warm: Warm; settle: number };
/** CPU seconds: of one look at the speed, and at least and at most of the whole warm-up. */
export type Warm = { look: number; least: number; most: number };

/**
 * Many short rounds in turn: what else the machine does hits both alike. Settled: long enough for the audit trail to be
 * sealed (every 5 s) and for garbage to be collected.
 */
export const pace: Pace = { rounds: 10, round: 0.3, warm: { look: 0.5, least: 3, most: 8 }, settle: 5600 };

/** Everybody at an address of their own: passwords are limited by address too. */
export async function enter(server: Server, subject: Subject, people: Person[]): Promise<Contender> {
  return { server, people, lanes: await Promise.all(people.map((_, index) => Lane.open(subject, `192.0.2.${index + 10}`))) };
}

/** Warm-up of both, then rounds in turn: Sluis, bare, Sluis, bare … */
export async function contest(measure: Measure, sluis: Contender, bare: Contender, { rounds, round, warm, settle: longest }: Pace): Promise<Measured> {
  const settle = measure.reads ? 0 : longest;
  const measured: Measured = { sluis: [], bare: [], after: { sluis: 0, bare: 0 }, settle: 0 };
  for (const contender of [sluis, bare]) {
    if (measure.people) await Promise.all(contender.lanes.map((lane, index) => lane.login(contender.people[index] ?? {})));
    await warmUp(measure, contender, warm);
  }
  // what the warm-up left to be done is not for the rounds to pay
  await sleep(settle);
  for (let count = 0; count < rounds; count += 1) {
    measured.sluis.push(await load(measure, sluis, round));
    measured.bare.push(await load(measure, bare, round));
  }
  const [after, seconds] = await spentIn([sluis, bare], settle);
  return { ...measured, after: { sluis: after[0] ?? 0, bare: after[1] ?? 0 }, settle: seconds };
}

/** CPU seconds that each server takes while nobody asks it anything. @returns those, and how many seconds it was */
export async function spentIn(contenders: Contender[], milliseconds: number): Promise<[number[], number]> {
  const [start, before] = [performance.now(), contenders.map(({ server }) => server.cpu())];
  await sleep(milliseconds);
  return [contenders.map(({ server }, index) => server.cpu() - (before[index] ?? 0)), (performance.now() - start) / 1000];
}

/** V8 compiles what it saw run thousands of times, and on the server's own time: until three looks in a row brought no more than 3 %. */
export async function warmUp(measure: Measure, contender: Contender, { look, least, most }: Warm): Promise<void> {
  let [best, since, cpu] = [0, 0, 0];
  while (cpu < least || (since < 3 && cpu < most)) {
    const round = await load(measure, contender, look);
    const speed = round.operations / round.cpu;
    since = speed > best * 1.03 ? 0 : since + 1;
    best = Math.max(best, speed);
    cpu += round.cpu;
  }
}

/** Every connection does one operation after another until the server took so many CPU seconds. */
export async function load({ work }: Measure, { server, lanes }: Contender, seconds: number): Promise<Round> {
  const start = server.cpu();
  let [operations, over] = [0, false];
  const watch = setInterval(() => { over = server.cpu() - start >= seconds; }, 10);
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
