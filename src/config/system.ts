import { dirname, join, resolve } from 'node:path';
import { root } from '../root.ts';
import { check } from './check.ts';
import type { Mistake } from './mistakes.ts';
import { systemSchema, type System } from './schema.ts';
import { readSource, type Environment, type Source } from './source.ts';

/** Environment variables that win over sluis.yaml. */
const overrides = {
  SLUIS_PORT: 'port',
  SLUIS_HOST: 'host',
  SLUIS_PUBLIC_URL: 'public_url',
  SLUIS_DATA: 'data',
  SLUIS_KEYS: 'keys',
  SLUIS_DATABASE_URL: 'database_url',
  SLUIS_DEMO: 'demo',
  SLUIS_METRICS_PORT: 'metrics_port',
} as const;

/** Ids that are paths of the server itself. */
const reserved = new Set(['assets', 'demo', 'healthz', 'readyz', 'metrics']);

/**
 * Reads sluis.yaml. Relative `data` and `keys` in it count from the installation folder, so that they do not depend on
 * where a command is started; those of the environment count from there, as a shell's paths do.
 * @returns with mistakes in it still enough to read the realms by, so that theirs are reported too; undefined when not even that
 */
export function readSystem(file: string, env: Environment, mistakes: Mistake[]): System | undefined {
  const written = readSource(file, mistakes, env);
  if (!written) return undefined;
  const source = overridden(written, env, mistakes);
  const checked = check(source, systemSchema);
  if (checked) checkSystem(source, checked);
  const system = checked ?? draftOf(source);
  return system && {
    ...system,
    public_url: system.public_url.replace(/\/+$/, ''),
    data: resolve(env['SLUIS_DATA'] ? '.' : root, system.data),
    keys: resolve(env['SLUIS_KEYS'] ? '.' : root, system.keys),
    ...(system.letters && { letters: { folder: resolve(root, system.letters.folder) } }),
  };
}

function draftOf(source: Source): System | undefined {
  const { demo, keys, realms } = Object(source.value) as Record<string, unknown>;
  return systemSchema.safeParse({ public_url: 'http://localhost', port: 0, demo, keys, realms }).data;
}

/** The environment that realm files see: what follows from sluis.yaml is always there, paths absolute. */
export function realmEnvironment(system: System, env: Environment): Environment {
  return { ...env, SLUIS_PORT: String(system.port), SLUIS_PUBLIC_URL: system.public_url, SLUIS_DATA: system.data, SLUIS_KEYS: system.keys };
}

/** Folder of the realms: beside sluis.yaml. */
export function realmsFolder(file: string): string {
  return join(dirname(file), 'realms');
}

function overridden(source: Source, env: Environment, mistakes: Mistake[]): Source {
  const set = Object.entries(overrides).filter(([name]) => env[name] !== undefined && env[name] !== '');
  if (set.length === 0 || typeof source.value !== 'object' || source.value === null) return source;
  const names = new Map<PropertyKey, string>(set.map(([name, key]) => [key, name]));
  return {
    file: source.file,
    value: { ...source.value, ...Object.fromEntries(set.map(([name, key]) => [key, env[name]])) },
    complain(path, message) {
      const name = path[0] === undefined ? undefined : names.get(path[0]);
      if (name) mistakes.push({ file: 'environment', line: 0, column: 0, key: name, message });
      else source.complain(path, message);
    },
  };
}

function checkSystem(source: Source, system: System): void {
  const url = new URL(system.public_url);
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') {
    source.complain(['public_url'], 'must be scheme, host and port only: the realms are its paths');
  }
  if (url.protocol !== 'https:' && !(system.demo && url.protocol === 'http:')) {
    source.complain(['public_url'], 'must be https outside demo mode');
  }
  for (const [index, id] of system.realms.entries()) {
    if (system.realms.indexOf(id) !== index) source.complain(['realms', index], `${id} is listed twice`);
    if (reserved.has(id)) source.complain(['realms', index], `${id} is a path of Sluis itself: choose another id`);
  }
}
