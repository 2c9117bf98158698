import { rmSync } from 'node:fs';
import { sep } from 'node:path';
import { portals } from './portals/portals.ts';
import { startServices } from './services.ts';
import { readSettings, root } from './settings.ts';
import type { Settings } from './settings.ts';
import { startSluis, waitUntilReady } from './sluis.ts';
import { worldTable } from './table.ts';
import { readWorld } from './world.ts';

/** `npm start`: the simulator, the portals and Sluis, until it is told to stop. */
async function main(args: string[]): Promise<number> {
  const unknown = args.filter((arg) => arg !== '--fresh');
  if (unknown.length > 0) {
    console.error(`Unknown option ${unknown[0]}. Usage: npm start [-- --fresh]`);
    return 2;
  }
  const settings = readSettings(process.env);
  if (args.includes('--fresh')) removeData(settings);
  const stopping = new Promise<void>((done) => {
    process.once('SIGTERM', () => done());
    process.once('SIGINT', () => done());
  });
  const world = readWorld();
  const services = await startServices(settings, world, (line) => console.error(line));
  try {
    const sluis = await startSluis(settings);
    const stopped = Promise.race([stopping.then(() => 0), sluis.ended]);
    if (await waitUntilReady(settings.sluisUrl, stopped)) {
      console.log(worldTable(settings, world, portals));
      console.log(`sluis ready ${settings.sluisUrl}`);
    }
    const code = await stopped;
    await sluis.stop();
    return code;
  } finally {
    await services.close();
  }
}

/**
 * Begins anew: the databases go, the keys stay.
 * @throws Error when the folder holds more than databases could, or the data is not in a folder at all
 */
function removeData({ data }: Settings): void {
  if (process.env['SLUIS_DATABASE_URL']) throw new Error('--fresh empties the SQLite files of SLUIS_DATA; drop the schemas of SLUIS_DATABASE_URL yourself.');
  if (`${root}${sep}`.startsWith(data.endsWith(sep) ? data : `${data}${sep}`)) throw new Error(`--fresh does not remove ${data}: Sluis itself is in it. Set SLUIS_DATA to a folder of its own.`);
  rmSync(data, { recursive: true, force: true });
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
