import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, jest } from '@jest/globals';
import { root } from '../../src/root.ts';
import { hasChromium } from './browser.ts';
import { hasClock, openClock, type Clock } from './clock.ts';
import { grounds, type Ground } from './databases.ts';
import { lendKeys } from './install.ts';

export type Person = { id: string; organisation_id: string; login: Record<string, string> };
export type Message = { id: string; realm: string; channel: string; to: string; subject: string; text: string; links: string[]; code: string | null; state: string; at: number };

/** The demo world as people get it, on ports and folders of its own. */
export type World = {
  sluis: string; portals: string; simulator: string; data: string;
  person(id: string): Person;
  outbox(filter: { to?: string; channel?: string }): Promise<Message[]>;
  /** the command line, against the same data */
  sluisCli(...args: string[]): Promise<{ code: number; json: Record<string, unknown>; text: string }>;
  /** what the command line says to people */
  sluisText(...args: string[]): Promise<string>;
  /** moves the clock of Sluis, the portals and the simulator forward; only of a world with a clock of its own */
  moveClock(seconds: number): void;
  /** epoch seconds, as this world sees them */
  now(): number;
  stop(): Promise<number | null>;
};

/**
 * Milliseconds in which a world and a browser begin, for the `beforeAll` of a journey. They take five seconds; a machine that other
 * work had to itself for two minutes (seen in a gate) has not thereby broken anything that a journey is about.
 */
export const startingTime = 300_000;

type Options = {
  /** settings beside those of ports and folders */
  env?: Record<string, string>;
  /** the world gets a clock of its own, which `moveClock` moves: needs libfaketime (`describeWithClock`) */
  clock?: boolean;
  /** where its data is; SQLite when absent */
  ground?: Ground;
};

/** Starts `dist/demo/main.js`, which `npm test` has just built. */
export async function startWorld({ env: extra = {}, clock: movable = false, ground }: Options = {}): Promise<World> {
  const database = await ground?.database();
  const folder = mkdtempSync(join(tmpdir(), 'sluis-world-'));
  const clock: Clock | undefined = movable ? openClock(folder) : undefined;
  const [sluis, portals, simulator] = await freePorts(3);
  const env = {
    ...process.env, SLUIS_PORT: `${sluis}`, PORTALS_PORT: `${portals}`, SIMULATOR_PORT: `${simulator}`,
    SLUIS_DATA: join(folder, 'data'), SLUIS_KEYS: join(folder, 'keys'), ...(database?.url && { SLUIS_DATABASE_URL: database.url }), ...clock?.env, ...extra,
  };
  const keep = lendKeys(join(folder, 'keys'));
  const child = spawn(process.execPath, [join(root, 'dist/demo/main.js')], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  await ready(child);
  keep();
  const at = { sluis: `http://localhost:${sluis}`, portals: `http://localhost:${portals}`, simulator: `http://localhost:${simulator}` };
  const here = { ...env, SLUIS_PUBLIC_URL: at.sluis, SIMULATOR_URL: at.simulator, PORTALS_URL: at.portals, SLUIS_DEMO: 'true' };
  const world = await (await fetch(`${at.portals}/world.json`)).json() as { realms: { people: Person[] }[] };
  const people = new Map(world.realms.flatMap((realm) => realm.people).map((person) => [person.id, person]));
  return {
    ...at, data: join(folder, 'data'),
    person: (id) => people.get(id) ?? missing(id),
    outbox: async (filter) => {
      const answer = await fetch(`${at.sluis}/demo/outbox?${new URLSearchParams(filter).toString()}`, { headers: { accept: 'application/json' } });
      return await answer.json() as Message[];
    },
    sluisCli: (...args) => cli([...args, '--json'], here),
    sluisText: async (...args) => (await cli(args, here)).text,
    moveClock: (seconds) => (clock ?? noClock()).move(seconds),
    now: () => (clock ? clock.now() : Math.floor(Date.now() / 1000)),
    async stop() {
      child.kill('SIGTERM');
      const [code] = child.exitCode === null ? await once(child, 'exit') as [number | null] : [child.exitCode];
      rmSync(folder, { recursive: true, force: true });
      await database?.drop();
      return code;
    },
  };
}

/**
 * A journey on every database, the database in front of its name: one world for each. What this machine cannot run (no
 * Chromium, no PostgreSQL, no libfaketime for one that moves the clock) counts as skipped.
 * @param journey gets what starts its world
 */
export function describeJourney(name: string, journey: (start: (options?: Options) => Promise<World>) => void, { clock = false } = {}): void {
  describeOnGrounds(name, (ground) => journey((options) => startWorld({ ...options, clock, ground })), !clock || hasClock);
}

/** The same for a journey through an installation in this process. */
export function describeOnGrounds(name: string, journey: (ground: Ground) => void, possible = true): void {
  // a whole walk through a browser, on a machine that may do other things too
  jest.setTimeout(90_000);
  for (const ground of grounds) {
    (hasChromium && ground.there && possible ? describe : describe.skip)(`${ground.name}: ${name}`, () => journey(ground));
  }
}

async function cli(args: string[], env: NodeJS.ProcessEnv): Promise<{ code: number; json: Record<string, unknown>; text: string }> {
  const child = spawn(process.execPath, [join(root, 'dist/src/main.js'), ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => { text += chunk.toString(); });
  child.stderr.on('data', (chunk: Buffer) => { text += chunk.toString(); });
  const [code] = await once(child, 'close') as [number];
  const from = text.search(/^[[{]/m);
  // a list is for who reads the text
  return { code, text, json: text[from] === '{' ? JSON.parse(text.slice(from)) as Record<string, unknown> : {} };
}

async function ready(child: ChildProcess): Promise<void> {
  let said = '';
  await new Promise<void>((resolve, reject) => {
    const hear = (chunk: Buffer): void => {
      said += chunk.toString();
      if (/^sluis ready http/m.test(said) && said.includes('world.json')) resolve();
    };
    child.stdout?.on('data', hear);
    child.stderr?.on('data', hear);
    child.once('exit', (code) => reject(new Error(`the demo world stopped with ${code}:\n${said}`)));
    setTimeout(() => reject(new Error(`the demo world was not ready in ${startingTime / 1000 - 10} s, load ${loadavg().map((load) => load.toFixed(1)).join(' ')}:\n${said}`)), startingTime - 10_000).unref();
  });
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, () => new Promise<ReturnType<typeof createServer>>((resolve) => {
    const server = createServer().listen(0, () => resolve(server));
  })));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => { server.close(resolve); })));
  return ports;
}

function missing(id: string): never {
  throw new Error(`the demo world has no person ${id}`);
}

function noClock(): never {
  throw new Error('this world runs on the system clock: start it with { clock: true }');
}
