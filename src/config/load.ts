import { join } from 'node:path';
import { ConfigError, type Mistake } from './mistakes.ts';
import { readRealm, type RealmOptions } from './realm.ts';
import type { Config } from './schema.ts';
import type { Environment } from './source.ts';
import { readSystem, realmEnvironment, realmsFolder } from './system.ts';

export { ConfigError, describeMistake, type Mistake } from './mistakes.ts';
export type LoadOptions = RealmOptions;

/**
 * Reads sluis.yaml and the folders of its realms (`realms/<id>` beside it).
 * In demo mode a broker's certificate file may still be absent, unless `certificates` is `required`.
 * Names of steps and predicates are checked when `knownSteps` and `knownPredicates` are given.
 * @throws ConfigError with every mistake of every file at once
 */
export function loadConfig(file: string, env: Environment = process.env, options: LoadOptions = {}): Config {
  const mistakes: Mistake[] = [];
  const system = readSystem(file, env, mistakes);
  if (!system) throw new ConfigError(mistakes);
  const realmEnv = realmEnvironment(system, env);
  const realms = [...new Set(system.realms)].flatMap((id) => readRealm(join(realmsFolder(file), id), system, realmEnv, options, mistakes) ?? []);
  if (mistakes.length > 0) throw new ConfigError(mistakes);
  return { system, realms };
}
