import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, openSync, readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Where servers run; the load has another core to itself. */
const CORE = '0';
/** Ticks of /proc/<pid>/stat in a second (proc(5): sysconf(_SC_CLK_TCK), 100 on every Linux that Node runs on). */
const TICKS = 100;
/** Milliseconds that a server may take to be ready: on a busy machine the first start, which makes keys, takes more than a minute. */
const PATIENCE = 180_000;

export type Server = {
  /** seconds from the start of the process to its line `<word> ready` */
  ready: number;
  /** user and system CPU seconds so far, all threads */
  cpu(): number;
  /** resident memory in MB (10^6 bytes) */
  memory(): number;
  stop(): Promise<void>;
};

export type Start = { script: string; args?: string[]; node?: string[]; env: Record<string, string>; log: string };

/**
 * Starts a Node process on the servers' core, its output in the file `log`.
 * @throws Error with what it wrote when it ends, or says nothing for three minutes, instead of being ready
 */
export async function startServer({ script, args = [], node = [], env, log }: Start): Promise<Server> {
  mkdirSync(dirname(log), { recursive: true });
  const out = openSync(log, 'w');
  const start = performance.now();
  const child = spawn('taskset', ['-c', CORE, process.execPath, ...node, script, ...args], { stdio: ['ignore', out, out], env: { ...process.env, ...env } });
  // nothing is left behind when the bench itself is broken off
  const end = (): void => { child.kill('SIGKILL'); };
  process.once('exit', end);
  await untilReady(child, log);
  const ready = (performance.now() - start) / 1000;
  const { pid } = child;
  return {
    ready,
    cpu: () => cpuOf(`/proc/${pid}/stat`),
    memory: () => Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024 / 1e6,
    async stop() {
      if (child.exitCode !== null) return;
      child.kill('SIGTERM');
      await once(child, 'exit');
      process.off('exit', end);
    },
  };
}

async function untilReady(child: ChildProcess, log: string): Promise<void> {
  const end = Date.now() + PATIENCE;
  while (!/^\w+ ready/m.test(readFileSync(log, 'utf8'))) {
    if (child.exitCode !== null || Date.now() > end) throw new Error(`a server did not start:\n${readFileSync(log, 'utf8')}`);
    await sleep(5);
  }
}

function cpuOf(stat: string): number {
  // the name of the process, in brackets, may hold spaces; user and system time are fields 14 and 15 (proc(5))
  const text = readFileSync(stat, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
