import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { root } from '../src/root.ts';
import { enter, load, pace, spentIn, warmUp, type Contender } from './contest.ts';
import { figureOf, type Figure, type Measured, type Round } from './figures.ts';
import type { Installation } from './installation.ts';
import type { Measure } from './measures.ts';

const ROUNDS = 5;
/** CPU seconds of a round: some forty logins. */
const ROUND = 2;
/** V8 compiles what it saw run often, and a login is many requests that take much time for something else. */
const WARM = { look: 2, least: 14, most: 20 };
/** Milliseconds of doing nothing, as in the other measures. */
const IDLE = 10_000;

/** Starts the server with a connection and an address for each person, and lets them log in until that gets no faster. */
export async function withLogins<T>(installation: Installation, use: (sluis: Contender, login: Measure) => Promise<T>): Promise<T> {
  const server = await installation.start();
  try {
    const sluis = await enter(server, installation, installation.people);
    const login = loginOf(sluis);
    await warmUp(login, sluis, WARM);
    const result = await use(sluis, login);
    await Promise.all(sluis.lanes.map((lane) => lane.close()));
    return result;
  } finally {
    await server.stop();
  }
}

/** Each connection is one person, who logs in over and over. */
export function loginOf({ lanes, people }: Contender): Measure {
  const personOf = new Map(lanes.map((lane, index) => [lane, people[index] ?? {}]));
  return { name: 'password', bar: 0.75, people: false, work: (lane) => lane.login(personOf.get(lane) ?? {}) };
}

/**
 * A whole login with a password, from the portal to its tokens, beside the hash alone (Argon2id, m=19 MiB, t=2, p=1), in turn and on the
 * same core: how much of what the hash allows is left.
 */
export async function besideTheHash(sluis: Contender, login: Measure): Promise<Figure> {
  const alone = fork(join(root, 'dist/bench/hash-alone.js'), { execPath: 'taskset', execArgv: ['-c', '0', process.execPath] });
  try {
    await once(alone, 'message');
    const rounds: Pick<Measured, 'sluis' | 'bare'> = { sluis: [], bare: [] };
    for (let count = 0; count < ROUNDS; count += 1) {
      rounds.sluis.push(await load(login, sluis, ROUND));
      rounds.bare.push(await hashes(alone, sluis.lanes.length));
    }
    const [[after = 0], settle] = await spentIn([sluis], pace.settle);
    const [[idle = 0], seconds] = await spentIn([sluis], IDLE);
    return figureOf('login with a password', login.bar, { ...rounds, after: { sluis: after, bare: 0 }, settle }, { sluis: idle / seconds, bare: 0 });
  } finally {
    alone.kill();
  }
}

async function hashes(alone: ChildProcess, atOnce: number): Promise<Round> {
  alone.send({ cpu: ROUND, atOnce });
  const [round] = await once(alone, 'message') as [Round];
  return round;
}
