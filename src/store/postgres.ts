import { PostgresDialect, PostgresDriver, type DatabaseConnection, type Dialect, type Driver, type PostgresDialectConfig, type PostgresPool, type PostgresPoolClient } from 'kysely';
import type pg from 'pg';
import { honest, Unavailable } from './unavailable.ts';

const CONNECTIONS = 10;
/** Milliseconds. */
const CONNECT_TIMEOUT = 5000;
const STATEMENT_TIMEOUT = 15_000;
/** When the server itself is silent: a connection that hangs would hold its request for ever. */
const QUERY_TIMEOUT = STATEMENT_TIMEOUT + 2000;

/**
 * `statement_timeout` and `query_timeout` (ms) in the URL win over those here.
 * @param guard called whenever a query wants a connection; throws to refuse it
 */
export function postgresDialect(url: string, schema: string | undefined, guard: () => void): Dialect {
  return new GuardedDialect({ pool: async () => honestPool(await openPool(url, schema)) }, guard);
}

async function openPool(url: string, schema: string | undefined): Promise<pg.Pool> {
  if (schema !== undefined && !/^[a-z][a-z0-9_-]{0,62}$/.test(schema)) throw new Error(`not a schema name: ${schema}`);
  // with SQLite nobody needs it
  const { Pool, types } = (await import('pg')).default;
  // bigint as a number, as SQLite gives it: epoch seconds and counts stay far below 2^53
  const typeParser = (oid: number, format?: 'text' | 'binary'): unknown => (oid === types.builtins.INT8 ? Number : types.getTypeParser(oid, format));
  const pool = new Pool({
    connectionString: url,
    max: CONNECTIONS,
    connectionTimeoutMillis: CONNECT_TIMEOUT,
    statement_timeout: STATEMENT_TIMEOUT,
    query_timeout: QUERY_TIMEOUT,
    types: { getTypeParser: typeParser as pg.CustomTypesConfig['getTypeParser'] },
    ...(schema !== undefined && { options: `-c search_path="${schema}"` }),
  });
  // an idle connection that breaks is replaced at the next query; unheard, the event would end the process
  pool.on('error', () => undefined);
  // so does one that breaks while it is lent out: its query fails, which is where the error is told
  pool.on('connect', (client) => { client.on('error', () => undefined); });
  return pool;
}

/**
 * Says `Unavailable` for what is not the fault of the query, and gives back no connection that it happened to: after a
 * timeout the answer may still come, and would be taken for the answer to the next question.
 */
function honestPool(pool: pg.Pool): PostgresPool {
  const known = new WeakMap<pg.PoolClient, PostgresPoolClient>();
  return {
    end: () => pool.end(),
    async connect() {
      const client = await pool.connect().catch((error: unknown) => { throw honest(error); });
      const present = known.get(client);
      if (present) return present;
      // the pool listens while a connection is idle; unheard during a query, the event would end the process
      client.on('error', () => undefined);
      const wrapped = honestClient(client);
      known.set(client, wrapped);
      return wrapped;
    },
  };
}

function honestClient(client: pg.PoolClient): PostgresPoolClient {
  let lost: Unavailable | undefined;
  return {
    async query(text: string, parameters: readonly unknown[]) {
      // the rollback of what was lost would wait as long again
      if (lost) throw lost;
      try {
        return await client.query(text, [...parameters]);
      } catch (error) {
        const said = honest(error);
        if (said instanceof Unavailable) lost = said;
        throw said;
      }
    },
    release: () => client.release(lost !== undefined),
  } as unknown as PostgresPoolClient;
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
