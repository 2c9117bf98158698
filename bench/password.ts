import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { root } from '../src/root.ts';
import { enter, load, type Contender } from './contest.ts';
import { figureOf, limitOf, type Figure, type Limit, type Round } from './figures.ts';
import type { Installation } from './installation.ts';
import type { Measure } from './measures.ts';
import { api } from './subject.ts';

const ROUNDS = 5;
/** CPU seconds of a round: some eighty logins. */
const ROUND = 3;
const WARM_UP = 25;
const REQUESTS = 400;

/**
 * A whole login with a password, from the portal to its tokens, beside the hash alone (Argon2id, m=19 MiB, t=2, p=1): how much of
 * what the hash allows is left. And how long a program waits for a signed token while eight people log in.
 */
export async function passwords(installation: Installation): Promise<{ figures: Figure[]; limits: Limit[] }> {
  const server = await installation.start();
  const sluis = await enter(server, installation, installation.people);
  const [alone, login] = [await hashAlone(), loginOf(sluis)];
  try {
    // V8 compiles what it saw run often: a login is many requests, each of them new to it
    await load(login, sluis, WARM_UP);
    const rounds: { sluis: Round[]; bare: Round[] } = { sluis: [], bare: [] };
    for (let count = 0; count < ROUNDS; count += 1) {
      rounds.sluis.push(await load(login, sluis, ROUND));
      rounds.bare.push(await roundOf(alone));
    }
    const figure = figureOf('password login, beside the hash alone', 0.75, { ...rounds, after: { sluis: 0, bare: 0 }, settle: 0 }, { sluis: 0, bare: 0 });
    const [idle, busy] = [await signing(sluis), await whileLoggingIn(sluis, login)];
    return { figures: [figure], limits: [limitOf(`signing while 8 log in, p99 (alone: ${idle.toFixed(1)} ms)`, busy, Number((5 * idle).toFixed(1)), 'ms')] };
  } finally {
    alone.kill();
    await Promise.all(sluis.lanes.map((lane) => lane.close()));
    await server.stop();
  }
}

/** Each connection is one person, who logs in over and over. */
function loginOf({ lanes, people }: Contender): Measure {
  const personOf = new Map(lanes.map((lane, index) => [lane, people[index] ?? {}]));
  return { name: 'password', bar: 0.75, people: false, work: (lane) => lane.login(personOf.get(lane) ?? {}) };
}

async function hashAlone(): Promise<ChildProcess> {
  const child = fork(join(root, 'dist/bench/hash-alone.js'), { execPath: 'taskset', execArgv: ['-c', '0', process.execPath] });
  await once(child, 'message');
  return child;
}

async function roundOf(child: ChildProcess): Promise<Round> {
  child.send({ cpu: ROUND });
  const [round] = await once(child, 'message') as [Round];
  return round;
}

/** Milliseconds in which 99 of 100 requests for a signed token are answered. */
async function signing({ lanes: [lane] }: Pick<Contender, 'lanes'>): Promise<number> {
  if (!lane) throw new Error('no connection');
  const times: number[] = [];
  for (let count = 0; count < REQUESTS; count += 1) {
    const start = performance.now();
    await lane.clientCredentials(api);
    times.push(performance.now() - start);
  }
  return times.toSorted((a, b) => a - b)[Math.floor(REQUESTS * 0.99)] ?? Number.NaN;
}

async function whileLoggingIn(sluis: Contender, login: Measure): Promise<number> {
  const [first] = sluis.lanes;
  if (!first) throw new Error('no connection');
  const program = await enter(sluis.server, first.subject, [{}]);
  let over = false;
  const people = Promise.all(sluis.lanes.map(async (lane) => { while (!over) await login.work(lane); }));
  const p99 = await signing(program);
  over = true;
  await people;
  await Promise.all(program.lanes.map((lane) => lane.close()));
  return p99;
}
