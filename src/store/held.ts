import { PostgresAdapter, type SelectQueryBuilder } from 'kysely';
import type { Db, Tables } from './schema.ts';

/**
 * The rows that a question finds, held until the transaction ends: `forUpdate` keeps out everybody who changes them or holds them
 * too, `forShare` who changes them, `forKeyShare` only who would remove them. SQLite has no need of it: its transactions write one at a time.
 */
export function held<TB extends keyof Tables, O>(db: Db, rows: SelectQueryBuilder<Tables, TB, O>, how: 'forUpdate' | 'forShare' | 'forKeyShare'): SelectQueryBuilder<Tables, TB, O> {
  return db.getExecutor().adapter instanceof PostgresAdapter ? rows[how]() : rows;
}
