import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder that holds package.json: the same from demo (tests) and from dist/demo (built). */
export const root = findRoot(dirname(fileURLToPath(import.meta.url)));

/** Where the parts of the demo world live. Addresses have no slash at the end. */
export type Settings = {
  /** address that the simulator and the portals listen on */
  host: string;
  sluisUrl: string;
  sluisPort: number;
  simulatorUrl: string;
  simulatorPort: number;
  portalsUrl: string;
  portalsPort: number;
  /** absolute folder with keys; those of the demo are in its folder `demo` */
  keys: string;
  /** absolute folder with the databases of Sluis */
  data: string;
};

/**
 * Reads the settings of the demo world from the environment. What is absent has a default.
 * @throws Error naming the setting when a port is no port
 */
export function readSettings(env: NodeJS.ProcessEnv): Settings {
  const sluisPort = port(env, 'SLUIS_PORT', 3000);
  const portalsPort = port(env, 'PORTALS_PORT', 3001);
  const simulatorPort = port(env, 'SIMULATOR_PORT', 3002);
  return {
    host: env['DEMO_HOST'] || '127.0.0.1',
    sluisPort,
    sluisUrl: address(env['SLUIS_PUBLIC_URL'], sluisPort),
    portalsPort,
    portalsUrl: address(env['PORTALS_URL'], portalsPort),
    simulatorPort,
    simulatorUrl: address(env['SIMULATOR_URL'], simulatorPort),
    keys: folder(env['SLUIS_KEYS'], 'keys'),
    data: folder(env['SLUIS_DATA'], 'db/data'),
  };
}

function port(env: NodeJS.ProcessEnv, name: string, fallback: number): number {
  const text = env[name];
  if (text === undefined || text === '') return fallback;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 65_535) throw new Error(`${name} must be a port from 1 to 65535, not '${text}'`);
  return value;
}

function address(given: string | undefined, onPort: number): string {
  return (given || `http://localhost:${onPort}`).replace(/\/+$/, '');
}

/** A folder that was named counts from where the command was given; a default one from the package. */
function folder(given: string | undefined, fallback: string): string {
  return given ? resolve(given) : join(root, fallback);
}

function findRoot(from: string): string {
  return existsSync(join(from, 'package.json')) ? from : findRoot(dirname(from));
}
