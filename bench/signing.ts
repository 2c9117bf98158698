import { enter, type Contender } from './contest.ts';
import { limitOf, quantile, type Limit } from './figures.ts';
import type { Lane } from './lane.ts';
import type { Measure } from './measures.ts';
import { api } from './subject.ts';

const ROUNDS = 5;
const REQUESTS = 200;
/** As long as this many times what it takes when nobody logs in. */
const TIMES = 5;

/**
 * How long a program waits for a signed token (client_credentials) while everybody logs in over and over, so that their
 * passwords wait for a hash, beside what it waits when nobody does; in turn.
 */
export async function signingBeside(sluis: Contender, login: Measure): Promise<Limit> {
  const [first] = sluis.lanes;
  if (!first) throw new Error('no connection');
  const { lanes: [program] } = await enter(sluis.server, first.subject, [{}]);
  if (!program) throw new Error('no connection');
  await tokens(program);
  const times = { idle: [] as number[], busy: [] as number[] };
  for (let count = 0; count < ROUNDS; count += 1) {
    times.idle.push(...await tokens(program));
    times.busy.push(...await whileLoggingIn(sluis, login, () => tokens(program)));
  }
  await program.close();
  const [idle, busy] = [quantile(times.idle, 0.99), quantile(times.busy, 0.99)];
  return limitOf(`p99 while ${sluis.lanes.length} log in; ${idle.toFixed(1)} ms when nobody does`, busy, Number((TIMES * idle).toFixed(1)), 'ms');
}

/** Milliseconds of each of a row of requests. */
async function tokens(program: Lane): Promise<number[]> {
  const times: number[] = [];
  for (let count = 0; count < REQUESTS; count += 1) {
    const start = performance.now();
    await program.clientCredentials(api);
    times.push(performance.now() - start);
  }
  return times;
}

/** Starts when the first of them is in, so that the others wait for their hashes. */
async function whileLoggingIn<T>({ lanes }: Contender, login: Measure, work: () => Promise<T>): Promise<T> {
  let over = false;
  const firsts = lanes.map((lane) => login.work(lane));
  const people = Promise.all(lanes.map(async (lane, index) => {
    await firsts[index];
    while (!over) await login.work(lane);
  }));
  try {
    await Promise.race(firsts);
    return await work();
  } finally {
    over = true;
    await people;
  }
}
