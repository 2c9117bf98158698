import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import SqliteFile from 'better-sqlite3';
import {
  SqliteAdapter, SqliteDialect, SqliteDriver, type CompiledQuery, type DatabaseConnection, type Dialect, type Driver, type QueryResult,
  type SqliteDatabase, type SqliteDialectConfig, type SqliteStatement,
} from 'kysely';
import { honest } from './unavailable.ts';

/** Milliseconds to wait for another connection's write. */
const PATIENCE = 5000;

/** @param guard called whenever a query wants the connection; throws to refuse it */
export function sqliteDialect(file: string, guard: () => void): Dialect {
  return new GuardedDialect({ database: async () => openFile(file) }, guard);
}

function openFile(file: string): SqliteDatabase {
  if (file !== ':memory:') mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const raw = new SqliteFile(file);
  raw.pragma(`busy_timeout = ${PATIENCE}`);
  raw.pragma('journal_mode = WAL');
  raw.pragma('synchronous = NORMAL');
  raw.pragma('foreign_keys = ON');
  // SQLite's own waiting stops the event loop, also for the transaction it waits for; `PatientConnection` waits instead
  raw.pragma('busy_timeout = 0');
  // SQLite's own lower() knows only ASCII: Ř and ř would differ
  raw.function('lower', { deterministic: true }, (text: unknown) => (typeof text === 'string' ? text.toLowerCase() : text));
  return cached(raw);
}

/** Keeps prepared statements: preparing costs three times as much as running one. The texts are our own, so few. */
function cached(raw: SqliteFile.Database): SqliteDatabase {
  const statements = new Map<string, SqliteStatement>();
  return {
    prepare(text) {
      let statement = statements.get(text);
      if (!statement) {
        // deferred, a read followed by a write fails at once when another process wrote in between
        statement = raw.prepare(text === 'begin' ? 'begin immediate' : text) as unknown as SqliteStatement;
        // `in (…)` makes a text per length
        if (statements.size >= 500) statements.clear();
        statements.set(text, statement);
      }
      return statement;
    },
    close: () => raw.close(),
  };
}

class GuardedDialect extends SqliteDialect {
  readonly #config: SqliteDialectConfig;
  readonly #guard: () => void;

  constructor(config: SqliteDialectConfig, guard: () => void) {
    super(config);
    this.#config = config;
    this.#guard = guard;
  }

  override createDriver(): Driver {
    return new GuardedDriver(this.#config, this.#guard);
  }

  override createAdapter(): SqliteAdapter {
    return new TransactionalAdapter();
  }
}

class GuardedDriver extends SqliteDriver {
  readonly #guard: () => void;

  constructor(config: SqliteDialectConfig, guard: () => void) {
    super(config);
    this.#guard = guard;
  }

  /** SQLite has one connection here; kysely hands it to one at a time. */
  override async acquireConnection(): Promise<DatabaseConnection> {
    this.#guard();
    const connection = await super.acquireConnection();
    return new PatientConnection(connection, { give: () => super.releaseConnection(), take: async () => { await super.acquireConnection(); } });
  }

  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    try {
      await super.rollbackTransaction(connection);
    } catch (error) {
      // on a full disk SQLite rolls back by itself; saying so would hide what happened
      if (!String((error as { message?: unknown }).message).includes('no transaction is active')) throw error;
    }
  }
}

type Turns = { give(): Promise<void>; take(): Promise<void> };

/**
 * Tries again when another connection to the file is writing. Meanwhile it gives the connection back: whoever only reads
 * need not wait, and those who wait do so at the same time instead of after each other.
 */
class PatientConnection implements DatabaseConnection {
  readonly #connection: DatabaseConnection;
  readonly #turns: Turns;
  #transaction = false;

  constructor(connection: DatabaseConnection, turns: Turns) {
    this.#connection = connection;
    this.#turns = turns;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const end = Date.now() + PATIENCE;
    for (;;) {
      try {
        const result = await this.#connection.executeQuery<R>(query);
        if (query.sql === 'begin') this.#transaction = true;
        return result;
      } catch (error) {
        if ((error as { code?: unknown }).code !== 'SQLITE_BUSY' || Date.now() > end) throw honest(error);
      }
      await this.#pause();
    }
  }

  async #pause(): Promise<void> {
    // who is inside a transaction keeps the connection: others would write into it
    if (!this.#transaction) await this.#turns.give();
    await sleep(1 + Math.random() * 9);
    if (!this.#transaction) await this.#turns.take();
  }

  streamQuery<R>(query: CompiledQuery, chunkSize?: number): AsyncIterableIterator<QueryResult<R>> {
    return this.#connection.streamQuery<R>(query, chunkSize);
  }
}

/** SQLite does roll back table changes, so a migration that fails leaves nothing behind. */
class TransactionalAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}
