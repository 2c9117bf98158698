import { existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { databaseOptions } from '../config/database.ts';
import { loadConfig } from '../config/load.ts';
import { didYouMean } from '../config/mistakes.ts';
import type { Config, Realm } from '../config/schema.ts';
import { predicateNames } from '../flow/predicates.ts';
import { root } from '../root.ts';
import { steps } from '../steps/index.ts';
import type { Actor } from '../store/audit.ts';
import { openDatabase, type Database } from '../store/database.ts';
import { Refusal, UsageError, type Args, type Io } from './command.ts';

/** What a command on one realm works with. */
export type Context = { config: Config; realm: Realm; database: Database; actor: Actor; now: number };

/** @throws ConfigError with every mistake */
export function configOf(args: Args, io: Io): Config {
  return loadConfig(args.get('config') ?? join(root, 'config/sluis.yaml'), io.env, { knownPredicates: predicateNames, knownSteps: [...steps.keys()] });
}

/** @throws UsageError when there is no such realm */
export function realmOf(config: Config, id: string): Realm {
  const realm = config.realms.find((candidate) => candidate.id === id);
  if (!realm) throw new UsageError(`there is no realm ${id}${didYouMean(id, config.realms.map((one) => one.id))}`);
  return realm;
}

/** The realms that a command is about: the one named with --realm, else all. */
export function realmsOf(config: Config, args: Args): Realm[] {
  const id = args.get('realm');
  return id === undefined ? config.realms : [realmOf(config, id)];
}

/** Opens the database of the realm named with --realm for `work`, and closes it. @throws Refusal when it was never migrated */
export async function withRealm<T>(args: Args, io: Io, work: (context: Context) => Promise<T>): Promise<T> {
  const config = configOf(args, io);
  const realm = realmOf(config, args.need('realm'));
  const options = databaseOptions(config.system, realm.id);
  // opening would make an empty file
  if ('file' in options && !existsSync(options.file)) throw notMigrated(realm);
  const database = openDatabase(options);
  try {
    return await work({ config, realm, database, actor: operator(), now: io.now() });
  } catch (error) {
    throw isMissingTable(error) ? notMigrated(realm) : error;
  } finally {
    await database.close();
  }
}

/** Whoever can run commands on the server is the service desk; the system's user name says who it was. */
export function operator(): Actor {
  const { username } = userInfo();
  return { kind: 'desk', id: `cli:${username}`, display: username };
}

function notMigrated(realm: Realm): Refusal {
  return new Refusal('database.not_migrated', `realm ${realm.id} has no tables yet: run sluis migrate`);
}

/** Undefined table, in the words of SQLite and as PostgreSQL's code 42P01. */
function isMissingTable(error: unknown): boolean {
  return error instanceof Error && (error.message.startsWith('no such table') || (error as { code?: unknown }).code === '42P01');
}
