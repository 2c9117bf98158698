import type { Compilable, CompiledQuery, QueryResult } from 'kysely';
import type { Db } from './schema.ts';

/**
 * Runs a query at once, without the way through kysely's pools and promises. Undefined when that cannot be now: the
 * connection is in other hands, or another process is writing.
 */
export type Direct = (query: CompiledQuery) => QueryResult<unknown> | undefined;

const lanes = new WeakMap<Db, Direct>();

/** Databases in this process have a direct lane, and so have their transactions while they are open; others need none. */
export function openLane(db: Db, direct: Direct | undefined): void {
  if (direct) lanes.set(db, direct);
  else lanes.delete(db);
}

export function laneOf(db: Db): Direct | undefined {
  return lanes.get(db);
}

/** Runs a compiled query by the shortest way there is. */
export async function runCompiled<R>(db: Db, query: CompiledQuery<R>): Promise<QueryResult<R>> {
  return (lanes.get(db)?.(query) as QueryResult<R> | undefined) ?? db.executeQuery(query);
}

/** Stands for a parameter where a query is built. */
export type Given = (name: string) => never;
type Parameters = Record<string, unknown>;
/** `slots`: name of the parameter at each place; a place without one keeps the value it was built with. */
type Prepared<R> = { query: CompiledQuery<R>; slots: (string | undefined)[] };

/** Beginning of a placeholder: no value has a NUL, PostgreSQL has no way to write one. */
const MARK = '\u0000given:';
const given: Given = (name) => `${MARK}${name}` as never;

/**
 * A query that is built and compiled once for each database: for queries of every request, where building costs more than
 * running. Works in a transaction too.
 *
 * @example const find = prepared((db, given) => db.selectFrom('grants').selectAll().where('id', '=', given('id')));
 *          const [grant] = (await find(db, { id })).rows;
 */
export function prepared<R>(build: (db: Db, given: Given) => Compilable<R>): (db: Db, parameters: Parameters) => Promise<QueryResult<R>> {
  // a transaction has the adapter of its database
  const known = new WeakMap<object, Prepared<R>>();
  return (db, parameters) => {
    const { adapter } = db.getExecutor();
    let found = known.get(adapter);
    if (!found) known.set(adapter, found = prepare(build(db, given).compile()));
    return runCompiled(db, { ...found.query, parameters: filled(found, parameters) });
  };
}

function prepare<R>(query: CompiledQuery<R>): Prepared<R> {
  return { query, slots: query.parameters.map((value) => (typeof value === 'string' && value.startsWith(MARK) ? value.slice(MARK.length) : undefined)) };
}

function filled<R>({ query, slots }: Prepared<R>, parameters: Parameters): unknown[] {
  return slots.map((name, index) => {
    if (name === undefined) return query.parameters[index];
    const value = parameters[name];
    if (value === undefined) throw new Error(`a prepared query lacks its parameter ${name}`);
    return value;
  });
}
