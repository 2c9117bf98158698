import { setTimeout as sleep } from 'node:timers/promises';
import { Kysely, Migrator, sql } from 'kysely';
import { migrations } from '../../db/migrations/index.ts';
import { postgresDialect } from './postgres.ts';
import { openLane } from './prepared.ts';
import type { Db, Tables } from './schema.ts';
import { currentScope, inScope, type Scope } from './scope.ts';
import { gatherer } from './together.ts';
import { queryLog, timedDialect, timedLane } from './timing.ts';
import { sqliteDialect } from './sqlite.ts';

/**
 * One realm's database. Inside `transaction` only `tx` may be used: `db` would wait for the transaction that waits for
 * it, so it throws instead.
 */
export type Database = {
  db: Kysely<Tables>;
  dialect: 'sqlite' | 'postgres';
  /** schema on PostgreSQL */
  schema?: string;
  /**
   * Runs `work` whole or not at all. It must wait for nothing but the database, and may be run again when PostgreSQL
   * breaks a deadlock, so it has no other effects.
   */
  transaction<T>(work: (tx: Db) => Promise<T>): Promise<T>;
  /** As `transaction`, but on SQLite in one with what others ask for at the same moment: for what every request writes. */
  together<T>(work: (tx: Db) => Promise<T>): Promise<T>;
  /** @throws when the database does not answer */
  ping(): Promise<void>;
  close(): Promise<void>;
};

/**
 * One query, or (`wait`) how long a query waited for a connection. `begin`, `commit` and raw SQL are `other`; without
 * texts or values: those are personal.
 */
export type DatabaseEvent = { operation: 'select' | 'insert' | 'update' | 'delete' | 'other' | 'wait'; seconds: number; failed: boolean };

export type DatabaseOptions = {
  /** SQLite file, made when absent; `:memory:` for tests */
  file?: string;
  /** `postgres://…`; rules over `file` */
  url?: string;
  /** PostgreSQL schema, the realm's id; made by `migrate` */
  schema?: string;
  /** told of every query; must not throw */
  observe?: (event: DatabaseEvent) => void;
};

/** serialization_failure and deadlock_detected (PostgreSQL, appendix A): the same work may succeed when run again. */
const RETRIED = new Set(['40001', '40P01']);
const ATTEMPTS = 5;

/** Opens a database. PostgreSQL connects at the first query, so a server that is down shows in `ping`. */
export function openDatabase({ file, url, schema, observe }: DatabaseOptions): Database {
  const self = {};
  const guard = () => {
    const { within } = currentScope();
    if (within?.of === self && within.open) throw new Error('the database was used inside its own transaction: use the `tx` that was handed over');
  };
  if (url === undefined && file === undefined) throw new Error('openDatabase needs a file or a url');
  const { dialect, lane } = url === undefined ? sqliteDialect(file ?? '', guard) : { dialect: postgresDialect(url, schema, guard) };
  const db = new Kysely<Tables>({ dialect: observe ? timedDialect(dialect, observe) : dialect, ...(observe && { log: queryLog(observe) }) });
  openLane(db, timedLane(lane?.whenFree, observe), lane);
  const scoped = async <T>(run: () => Promise<T>, scope: Scope = currentScope()): Promise<T> => {
    const within = { of: self, open: true };
    try {
      return await inScope({ ...scope, within }, run);
    } finally {
      // what was started inside and lives on may use `db` again
      within.open = false;
    }
  };
  const transaction: Database['transaction'] = (work) => withRetry(() => db.transaction().execute(async (tx) => {
    openLane(tx, timedLane(lane?.inside, observe));
    try {
      return await scoped(() => work(tx));
    } finally {
      openLane(tx, undefined);
    }
  }));
  return {
    db,
    dialect: url === undefined ? 'sqlite' : 'postgres',
    ...(url !== undefined && schema !== undefined && { schema }),
    transaction,
    together: url === undefined ? gatherer(transaction, scoped) : transaction,
    ping: async () => { await sql`select 1`.execute(db); },
    close: () => db.destroy(),
  };
}

async function withRetry<T>(work: () => Promise<T>, attempt = 1): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = (error as { code?: unknown } | null)?.code;
    if (attempt >= ATTEMPTS || typeof code !== 'string' || !RETRIED.has(code)) throw error;
    await sleep(Math.random() * 20 * 2 ** attempt);
    return withRetry(work, attempt + 1);
  }
}

/**
 * Brings a database up to date; on PostgreSQL makes the schema when it is missing. Safe on several nodes at once.
 * @returns names of the migrations that were applied now
 * @throws the first migration's error; nothing of that run is kept
 */
export async function migrate({ db, dialect, schema }: Database): Promise<string[]> {
  const migrator = new Migrator({
    db,
    provider: { getMigrations: async () => migrations(dialect) },
    // without it kysely would find the migration table of another realm's schema
    ...(schema !== undefined && { migrationTableSchema: schema }),
  });
  const { error, results = [] } = await migrator.migrateToLatest();
  if (error !== undefined) throw error;
  return results.map((result) => result.migrationName);
}

/** True when an insert met a row that was there already: a unique constraint or primary key. */
export function isConflict(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return code === '23505' || code === 'SQLITE_CONSTRAINT_UNIQUE' || code === 'SQLITE_CONSTRAINT_PRIMARYKEY';
}
