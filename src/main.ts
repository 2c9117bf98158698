#!/usr/bin/env node
import { parseArgs } from 'node:util';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Running } from './app.ts';
import { ConfigError, describeMistake, loadConfig } from './config/load.ts';
import { root } from './root.ts';
import { predicateNames } from './flow/predicates.ts';
import { steps } from './steps/index.ts';

const [command, ...rest] = process.argv.slice(2);

if (command === 'serve') await serve(rest);
else await order(process.argv.slice(2));

async function order(argv: string[]): Promise<void> {
  const { run } = await import('./cli/index.ts');
  process.exitCode = await run(argv, {
    out: (text) => { process.stdout.write(text); },
    err: (text) => { process.stderr.write(text); },
    read: readLine,
    env: process.env,
    now: () => Math.floor(Date.now() / 1000),
  });
}

/** One line of standard input, or what there is of it. */
async function readLine(): Promise<string> {
  if (process.stdin.isTTY) process.stderr.write('answer: ');
  const lines = createInterface({ input: process.stdin });
  for await (const line of lines) return line;
  return '';
}

/** Serves until SIGTERM or SIGINT: requests in flight are finished, then it stops. */
async function serve(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: { config: { type: 'string' }, help: { type: 'boolean' } } });
  if (values.help) {
    process.stdout.write('usage: sluis serve [--config FILE]\n');
    return;
  }
  // only a server needs all of it, and it needs none of the commands: each starts faster without the other
  const { startSluis, StartError } = await import('./app.ts');
  try {
    const config = loadConfig(values.config ?? join(root, 'config/sluis.yaml'), process.env, { certificates: 'required', knownSteps: [...steps.keys()], knownPredicates: predicateNames });
    const running = await startSluis(config);
    process.stdout.write(`sluis ready ${running.url}\n`);
    stopOnSignal(running);
  } catch (error) {
    process.stderr.write(`${(error instanceof StartError ? error.reasons : reasonsOf(error)).join('\n')}\n`);
    process.exitCode = 1;
  }
}

function stopOnSignal(running: Running): void {
  let stopping = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (stopping) return;
      stopping = true;
      running.stop().then(() => process.exit(0), (error: unknown) => {
        process.stderr.write(`${String(error)}\n`);
        process.exit(1);
      });
    });
  }
}

function reasonsOf(error: unknown): string[] {
  if (error instanceof ConfigError) return error.mistakes.map(describeMistake);
  if ((error as { code?: string }).code === 'EADDRINUSE') return [`port ${(error as { port?: number }).port} is in use: stop what uses it, or set SLUIS_PORT`];
  // what is down is somebody else's server: a stack of ours would not help
  if ((error as Error).name === 'Unavailable') return [`${(error as Error).message}: start it and try again`];
  return [error instanceof Error ? error.stack ?? error.message : String(error)];
}
