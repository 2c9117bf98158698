import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import SqliteFile from 'better-sqlite3';
import {
  SqliteAdapter, SqliteDialect, SqliteDriver, type DatabaseConnection, type Dialect, type Driver, type SqliteDatabase,
  type SqliteDialectConfig, type SqliteStatement,
} from 'kysely';

/** Milliseconds to wait for another process's write. The event loop stands still meanwhile, so not longer. */
const BUSY_TIMEOUT = 5000;

/** @param guard called whenever a query wants the connection; throws to refuse it */
export function sqliteDialect(file: string, guard: () => void): Dialect {
  return new GuardedDialect({ database: async () => openFile(file) }, guard);
}

function openFile(file: string): SqliteDatabase {
  if (file !== ':memory:') mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const raw = new SqliteFile(file);
  raw.pragma('journal_mode = WAL');
  raw.pragma('synchronous = NORMAL');
  raw.pragma('foreign_keys = ON');
  raw.pragma(`busy_timeout = ${BUSY_TIMEOUT}`);
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

  override async acquireConnection(): Promise<DatabaseConnection> {
    this.#guard();
    return super.acquireConnection();
  }
}

/** SQLite does roll back table changes, so a migration that fails leaves nothing behind. */
class TransactionalAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}
