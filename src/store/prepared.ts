import type { Compilable, CompiledQuery, QueryResult } from 'kysely';
import type { Db } from './schema.ts';

/**
 * Runs a query at once, without the way through kysely's pools and promises. Undefined when that cannot be now: the
 * connection is in other hands, or another process is writing.
 */
export type Direct = (query: CompiledQuery) => QueryResult<unknown> | undefined;

/** Answers of before, for as long as they are what the database would say. */
export type Recollection = {
  recall(sql: string, key: string): unknown;
  keep(sql: string, key: string, answer: unknown, subjects?: readonly string[]): void;
};

const lanes = new WeakMap<Db, Direct>();
const recollections = new WeakMap<Db, Recollection>();

/**
 * Databases in this process have a direct lane, and so have their transactions while they are open; others need none.
 * @param recollection of a database; transactions have none, since what they read may be taken back
 */
export function openLane(db: Db, direct: Direct | undefined, recollection?: Recollection): void {
  if (direct) lanes.set(db, direct);
  else lanes.delete(db);
  if (recollection) recollections.set(db, recollection);
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
  const prepareFor = preparer(build);
  return (db, parameters) => {
    const found = prepareFor(db);
    return runCompiled(db, { ...found.query, parameters: filled(found, parameters) });
  };
}

/**
 * As `prepared`, for a statement that has several forms: each is built and compiled once, and then kept, so they must be few.
 * @param nameOf of the form that is meant
 */
export function preparedIn<F, R>(nameOf: (form: F) => string, build: (db: Db, given: Given, form: F) => Compilable<R>): (db: Db, form: F, parameters: Parameters) => Promise<QueryResult<R>> {
  const forms = new Map<string, ReturnType<typeof prepared<R>>>();
  return (db, form, parameters) => {
    const name = nameOf(form);
    let run = forms.get(name);
    if (!run) forms.set(name, run = prepared((on, mark) => build(on, mark, form)));
    return run(db, parameters);
  };
}

/**
 * As `prepared`, for a statement that writes a row of which columns may be left out (undefined); other parameters go by names
 * that are no column's.
 *
 * @example const insert = preparedRow((db, row: Insertable<Tables['grants']>) => db.insertInto('grants').values(row));
 *          await insert(tx, grant);
 */
export function preparedRow<R, T extends object>(build: (db: Db, row: T, given: Given) => Compilable<R>): (db: Db, row: T, parameters?: Parameters) => Promise<QueryResult<R>> {
  const run = preparedIn((columns: string[]) => columns.join(), (db, mark, columns) => build(db, Object.fromEntries(columns.map((name) => [name, mark(name)])) as T, mark));
  return (db, row, parameters) => {
    const values: Parameters = { ...row, ...parameters };
    return run(db, Object.keys(row).filter((name) => values[name] !== undefined), values);
  };
}

/** How many rows a statement wrote or removed. */
export function changed({ numAffectedRows = 0n }: QueryResult<unknown>): number {
  return Number(numAffectedRows);
}

/**
 * As `prepared`, for what is asked at every use of a token: on SQLite the answer of before is given again for as long as
 * nobody wrote to the tables it came from, in this process or another. Whoever gets it shares it, so it is frozen.
 * @param shape makes of the rows what callers want
 * @param subjectsOf ids, one of which stands in every insert or update that can change the answer; without it any write to its tables ends it
 */
export function recalled<R, T>(build: (db: Db, given: Given) => Compilable<R>, shape: (rows: R[]) => T, subjectsOf?: (values: unknown[], rows: R[]) => string[]): (db: Db, parameters: Parameters) => Promise<T> {
  const prepareFor = preparer(build);
  return async (db, parameters) => {
    const found = prepareFor(db);
    const recollection = recollections.get(db);
    const values = filled(found, parameters);
    const key = values.join('\u0000');
    const before = recollection?.recall(found.query.sql, key) as { answer: T } | undefined;
    if (before) return before.answer;
    const query = { ...found.query, parameters: values };
    const now = lanes.get(db)?.(query) as QueryResult<R> | undefined;
    const { rows } = now ?? await db.executeQuery(query);
    const answer = shape(rows);
    // what was waited for may have been overtaken
    if (now) recollection?.keep(found.query.sql, key, { answer: frozen(answer) }, subjectsOf?.(values, rows));
    return answer;
  };
}

function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.values(value).forEach(frozen);
  return Object.freeze(value);
}

function preparer<R>(build: (db: Db, given: Given) => Compilable<R>): (db: Db) => Prepared<R> {
  // a transaction has the adapter of its database
  const known = new WeakMap<object, Prepared<R>>();
  return (db) => {
    const { adapter } = db.getExecutor();
    let found = known.get(adapter);
    if (!found) known.set(adapter, found = prepare(build(db, given).compile()));
    return found;
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
