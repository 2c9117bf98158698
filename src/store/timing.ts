import type { Dialect, Driver, LogEvent } from 'kysely';
import type { DatabaseEvent } from './database.ts';
import type { Direct } from './prepared.ts';

type Observe = (event: DatabaseEvent) => void;

const operations: Record<string, DatabaseEvent['operation']> = {
  SelectQueryNode: 'select', InsertQueryNode: 'insert', UpdateQueryNode: 'update', DeleteQueryNode: 'delete',
};

/** Kysely's own log, as times of queries without what stands in them. */
export function queryLog(observe: Observe): (event: LogEvent) => void {
  return ({ level, query, queryDurationMillis }) => observe({
    operation: operations[query.query.kind] ?? 'other', seconds: queryDurationMillis / 1000, failed: level === 'error',
  });
}

/** The short way has no log of kysely's. What it leaves to the long way is timed there. */
export function timedLane(lane: Direct | undefined, observe: Observe | undefined): Direct | undefined {
  if (!lane || !observe) return lane;
  return (query) => {
    const start = performance.now();
    const operation = operations[query.query.kind] ?? 'other';
    try {
      const result = lane(query);
      if (result) observe({ operation, seconds: (performance.now() - start) / 1000, failed: false });
      return result;
    } catch (error) {
      observe({ operation, seconds: (performance.now() - start) / 1000, failed: true });
      throw error;
    }
  };
}

/** Times the wait for a connection too: a database that is quick but has too few of them is slow all the same. */
export function timedDialect(dialect: Dialect, observe: Observe): Dialect {
  return {
    createAdapter: () => dialect.createAdapter(),
    createIntrospector: (db) => dialect.createIntrospector(db),
    createQueryCompiler: () => dialect.createQueryCompiler(),
    createDriver: () => timedDriver(dialect.createDriver(), observe),
  };
}

function timedDriver(driver: Driver, observe: Observe): Driver {
  const acquire = driver.acquireConnection.bind(driver);
  driver.acquireConnection = async () => {
    const start = performance.now();
    let failed = true;
    try {
      const connection = await acquire();
      failed = false;
      return connection;
    } finally {
      observe({ operation: 'wait', seconds: (performance.now() - start) / 1000, failed });
    }
  };
  return driver;
}
