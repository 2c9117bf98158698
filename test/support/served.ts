import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { databaseOptions } from '../../src/config/database.ts';
import type { Config } from '../../src/config/schema.ts';
import { root } from '../../src/root.ts';
import { openDatabase, type Database } from '../../src/store/database.ts';
import type { KeyPair } from './saml.ts';
import { newBrokerKeys, openWorkshop, type Workshop } from './install.ts';

export type Ending = { code: number | null; signal: NodeJS.Signals | null; ms: number };

/** `sluis serve` as an operator runs it: a process of its own, on a folder that outlives it. */
export type Served = {
  url: string;
  config: Config;
  brokerKeys: KeyPair;
  /** resolves when it says that it is ready; milliseconds that took */
  start(): Promise<number>;
  /** resident memory in MiB */
  memory(): number;
  /** processor seconds used so far */
  cpu(): number;
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<Ending>;
  /** what the server has in its tables, seen from outside */
  database(realm: string): Database;
  /** removes the folder; a server that still runs is killed */
  remove(): Promise<void>;
};

/** @param settings lines to add to sluis.yaml; @param database URL of PostgreSQL, else SQLite; @param prepare changes the configuration */
export async function prepareServer({ settings = '', database = '', prepare }: { settings?: string; database?: string; prepare?: (workshop: Workshop) => void } = {}): Promise<Served> {
  const brokerKeys = await newBrokerKeys();
  const workshop = await openWorkshop(brokerKeys);
  const file = join(workshop.folder, 'config/sluis.yaml');
  appendFileSync(file, `\n${settings}\n`);
  prepare?.(workshop);
  const url = `http://localhost:${workshop.port}`;
  const env = {
    ...process.env, NODE_OPTIONS: '', SLUIS_PORT: `${workshop.port}`, SLUIS_PUBLIC_URL: url, SLUIS_DEMO: 'true', SLUIS_DATABASE_URL: database,
    SLUIS_DATA: join(workshop.folder, 'data'), SLUIS_KEYS: join(workshop.folder, 'keys'),
  };
  const loaded = workshop.load();
  const config = { ...loaded, system: { ...loaded.system, database_url: database } };
  let child: ChildProcess | undefined;
  const served: Served = {
    url, config, brokerKeys,
    async start() {
      const begun = performance.now();
      child = spawn(process.execPath, [join(root, 'dist/src/main.js'), 'serve', '--config', file], { env, stdio: ['ignore', 'pipe', 'pipe'] });
      await ready(child);
      return performance.now() - begun;
    },
    memory: () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child?.pid}/status`, 'utf8'))?.[1]) / 1024,
    cpu: () => {
      const fields = readFileSync(`/proc/${child?.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
      return (Number(fields[11]) + Number(fields[12])) / 100;
    },
    async end(signal) {
      if (!child) throw new Error('it does not run');
      const begun = performance.now();
      const [left, exited] = [child, once(child, 'exit')];
      child = undefined;
      left.kill(signal);
      const [code, how] = await exited as [number | null, NodeJS.Signals | null];
      return { code, signal: how, ms: performance.now() - begun };
    },
    database: (realm) => openDatabase(databaseOptions(config.system, realm)),
    async remove() {
      if (child) await served.end('SIGKILL');
      workshop.remove();
    },
  };
  return served;
}

async function ready(child: ChildProcess): Promise<void> {
  let said = '';
  await new Promise<void>((resolve, reject) => {
    // read on to the end: a pipe that nobody empties stops the server
    child.stdout?.on('data', (chunk: Buffer) => {
      if (said.length > 100_000) said = '';
      said += chunk.toString();
      if (said.includes('sluis ready ')) resolve();
    });
    child.stderr?.on('data', (chunk: Buffer) => { said += chunk.toString(); });
    child.once('exit', (code) => reject(new Error(`sluis stopped with ${code}:\n${said.slice(-3000)}`)));
  });
}
