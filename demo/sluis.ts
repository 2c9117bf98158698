import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { listen } from './listen.ts';
import type { Settings } from './settings.ts';

export type SluisProcess = {
  /** exit code; 1 when a signal ended it */
  ended: Promise<number>;
  /** asks it to stop and waits; after ten seconds it is killed */
  stop(): Promise<void>;
};

/**
 * Starts the built Sluis beside this file as a process of its own. What it logs goes to standard error.
 * @throws Error naming the port and its setting when the port is in use
 */
export async function startSluis(settings: Settings): Promise<SluisProcess> {
  const trial = await listen(() => undefined, { host: settings.host, port: settings.sluisPort, setting: 'SLUIS_PORT', what: 'Sluis' });
  await trial.close();
  const child = spawn(process.execPath, [fileURLToPath(new URL('../src/main.js', import.meta.url)), 'serve'], {
    stdio: ['ignore', 2, 2],
    env: {
      ...process.env,
      SLUIS_DEMO: 'true',
      SLUIS_HOST: settings.host,
      SLUIS_PORT: String(settings.sluisPort),
      SLUIS_PUBLIC_URL: settings.sluisUrl,
      SLUIS_DATA: settings.data,
      SLUIS_KEYS: settings.keys,
      SIMULATOR_URL: settings.simulatorUrl,
      PORTALS_URL: settings.portalsUrl,
    },
  });
  const ended = once(child, 'exit').then(([code]: unknown[]) => (typeof code === 'number' ? code : 1), () => 1);
  return {
    ended,
    async stop() {
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), 10_000);
      await ended;
      clearTimeout(late);
    },
  };
}

/** Waits until `/readyz` answers 200, or `stopped` settles. */
export async function waitUntilReady(url: string, stopped: Promise<unknown>): Promise<boolean> {
  let over = false;
  void stopped.then(() => { over = true; });
  while (!over) {
    const ready = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2000) }).then((answer) => answer.ok, () => false);
    if (ready && !over) return true;
    await new Promise((done) => { setTimeout(done, 150); });
  }
  return false;
}
