import { PostgresDialect, PostgresDriver, type DatabaseConnection, type Dialect, type Driver, type PostgresDialectConfig } from 'kysely';
import pg from 'pg';

const CONNECTIONS = 10;
/** Milliseconds. */
const CONNECT_TIMEOUT = 5000;
const STATEMENT_TIMEOUT = 15_000;

/** @param guard called whenever a query wants a connection; throws to refuse it */
export function postgresDialect(url: string, schema: string | undefined, guard: () => void): Dialect {
  return new GuardedDialect({ pool: async () => openPool(url, schema) }, guard);
}

function openPool(url: string, schema: string | undefined): pg.Pool {
  if (schema !== undefined && !/^[a-z][a-z0-9_-]{0,62}$/.test(schema)) throw new Error(`not a schema name: ${schema}`);
  const pool = new pg.Pool({
    connectionString: url,
    max: CONNECTIONS,
    connectionTimeoutMillis: CONNECT_TIMEOUT,
    statement_timeout: STATEMENT_TIMEOUT,
    types: { getTypeParser: typeParser as pg.CustomTypesConfig['getTypeParser'] },
    ...(schema !== undefined && { options: `-c search_path="${schema}"` }),
  });
  // an idle connection that breaks is replaced at the next query; unheard, the event would end the process
  pool.on('error', () => undefined);
  // so does one that breaks while it is lent out: its query fails, which is where the error is told
  pool.on('connect', (client) => { client.on('error', () => undefined); });
  return pool;
}

/** bigint as a number, as SQLite gives it: epoch seconds and counts stay far below 2^53. */
function typeParser(oid: number, format?: 'text' | 'binary'): unknown {
  return oid === pg.types.builtins.INT8 ? Number : pg.types.getTypeParser(oid, format);
}

class GuardedDialect extends PostgresDialect {
  readonly #config: PostgresDialectConfig;
  readonly #guard: () => void;

  constructor(config: PostgresDialectConfig, guard: () => void) {
    super(config);
    this.#config = config;
    this.#guard = guard;
  }

  override createDriver(): Driver {
    return new GuardedDriver(this.#config, this.#guard);
  }
}

class GuardedDriver extends PostgresDriver {
  readonly #guard: () => void;

  constructor(config: PostgresDialectConfig, guard: () => void) {
    super(config);
    this.#guard = guard;
  }

  override async acquireConnection(): Promise<ReturnType<PostgresDriver['acquireConnection']> extends Promise<infer C> ? C & DatabaseConnection : never> {
    this.#guard();
    return super.acquireConnection();
  }
}
