import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import SqliteFile from 'better-sqlite3';
import {
  SqliteAdapter, SqliteDialect, SqliteDriver, type CompiledQuery, type DatabaseConnection, type Dialect, type Driver, type QueryResult,
  type SqliteDatabase, type SqliteDialectConfig, type SqliteStatement,
} from 'kysely';
import { Memory, writesOf } from './memory.ts';
import type { Direct } from './prepared.ts';
import { honest } from './unavailable.ts';

/** Milliseconds to wait for another connection's write. */
const PATIENCE = 5000;

/** @param guard called whenever a query wants the connection; throws to refuse it */
export function sqliteDialect(file: string, guard: () => void): { dialect: Dialect; lane: Lane } {
  const lane = new Lane();
  const open = (): SqliteDatabase => {
    const raw = openFile(file);
    const version = raw.prepare('pragma data_version').pluck();
    lane.memory = new Memory(() => version.get());
    return lane.file = cached(raw, lane.memory);
  };
  return { lane, dialect: new GuardedDialect({ database: async () => open() }, guard, lane) };
}

/** The short way to the one connection: SQLite answers within the call, so between two turns of the event loop nobody else can come in. */
class Lane {
  /** set when the file is open */
  file: SqliteDatabase | undefined;
  memory: Memory | undefined;
  /** somebody has the connection, perhaps for a transaction */
  held = false;

  /** Runs a query now. Undefined when the connection is in other hands (they may be in a transaction that nobody else may see). */
  readonly whenFree: Direct = (query) => (this.held ? undefined : this.inside(query));

  /** What this query said before, when it would say the same now. */
  recall(sql: string, key: string): unknown {
    return this.held ? undefined : this.memory?.recall(sql, key);
  }

  keep(sql: string, key: string, answer: unknown, subjects?: readonly string[]): void {
    this.memory?.keep(sql, key, answer, subjects);
  }

  /** Runs a query of whoever holds the connection. Undefined when another process is writing: kysely's way waits for it. */
  readonly inside: Direct = ({ sql, parameters }) => {
    if (!this.file) return undefined;
    try {
      const statement = this.file.prepare(sql);
      if (statement.reader) return { rows: statement.all(parameters) };
      return { rows: [], numAffectedRows: BigInt(statement.run(parameters).changes) };
    } catch (error) {
      if ((error as { code?: unknown }).code === 'SQLITE_BUSY') return undefined;
      throw honest(error);
    }
  };
}

function openFile(file: string): SqliteFile.Database {
  if (file !== ':memory:') mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const raw = new SqliteFile(file);
  raw.pragma(`busy_timeout = ${PATIENCE}`);
  raw.pragma('journal_mode = WAL');
  raw.pragma('synchronous = NORMAL');
  raw.pragma('foreign_keys = ON');
  // pages: what many commits write again and again goes to the file once in that many, 16 MB
  raw.pragma('wal_autocheckpoint = 4000');
  // SQLite's own waiting stops the event loop, also for the transaction it waits for; `PatientConnection` waits instead
  raw.pragma('busy_timeout = 0');
  // SQLite's own lower() knows only ASCII: Ř and ř would differ
  raw.function('lower', { deterministic: true }, (text: unknown) => (typeof text === 'string' ? text.toLowerCase() : text));
  return raw;
}

/** Keeps prepared statements: preparing costs three times as much as running one. The texts are our own, so few. */
function cached(raw: SqliteFile.Database, memory: Memory): SqliteDatabase {
  const statements = new Map<string, SqliteStatement>();
  return {
    prepare(text) {
      let statement = statements.get(text);
      if (!statement) {
        // deferred, a read followed by a write fails at once when another process wrote in between
        statement = heard(raw.prepare(text === 'begin' ? 'begin immediate' : text) as unknown as SqliteStatement, text, memory);
        // `in (…)` makes a text per length
        if (statements.size >= 500) statements.clear();
        statements.set(text, statement);
      }
      return statement;
    },
    close: () => raw.close(),
  };
}

/** The memory hears of what a statement writes, before it is written. */
function heard(statement: SqliteStatement, text: string, memory: Memory): SqliteStatement {
  const tables = writesOf(text);
  if (tables.length === 0) return statement;
  const forget = (parameters: readonly unknown[]): void => memory.forget(tables === 'anything' ? undefined : tables, parameters);
  return {
    reader: statement.reader,
    all: (parameters) => (forget(parameters), statement.all(parameters)),
    run: (parameters) => (forget(parameters), statement.run(parameters)),
    iterate: (parameters) => (forget(parameters), statement.iterate(parameters)),
  };
}

class GuardedDialect extends SqliteDialect {
  readonly #config: SqliteDialectConfig;
  readonly #guard: () => void;
  readonly #lane: Lane;

  constructor(config: SqliteDialectConfig, guard: () => void, lane: Lane) {
    super(config);
    this.#config = config;
    this.#guard = guard;
    this.#lane = lane;
  }

  override createDriver(): Driver {
    return new GuardedDriver(this.#config, this.#guard, this.#lane);
  }

  override createAdapter(): SqliteAdapter {
    return new TransactionalAdapter();
  }
}

class GuardedDriver extends SqliteDriver {
  readonly #guard: () => void;
  readonly #lane: Lane;

  constructor(config: SqliteDialectConfig, guard: () => void, lane: Lane) {
    super(config);
    this.#guard = guard;
    this.#lane = lane;
  }

  /** SQLite has one connection here; kysely hands it to one at a time. */
  override async acquireConnection(): Promise<DatabaseConnection> {
    this.#guard();
    const connection = await super.acquireConnection();
    this.#lane.held = true;
    return new PatientConnection(connection, { give: () => this.releaseConnection(), take: () => this.#take() });
  }

  async #take(): Promise<void> {
    await super.acquireConnection();
    this.#lane.held = true;
  }

  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    try {
      await super.rollbackTransaction(connection);
    } catch (error) {
      // on a full disk SQLite rolls back by itself; saying so would hide what happened
      if (!String((error as { message?: unknown }).message).includes('no transaction is active')) throw error;
    }
  }

  override async releaseConnection(): Promise<void> {
    // whoever waits takes it before anybody else runs
    this.#lane.held = false;
    await super.releaseConnection();
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
