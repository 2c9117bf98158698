import type { Compilable, QueryResult } from 'kysely';
import { changed, recalled, runCompiled } from './prepared.ts';
import type { Db } from './schema.ts';

/** A document of oidc-provider; `consumed` (epoch seconds) once it was used up. */
export type Document = Record<string, unknown> & { consumed?: number };

/** What writes takes the transaction to write in; without one it is a statement of its own. */
export type Documents = {
  /** @param expiresAt epoch seconds; undefined: never */
  upsert(model: string, id: string, payload: Record<string, unknown>, expiresAt: number | undefined, on?: Db): Promise<void>;
  /** @returns false when it was there already: what may be seen once (ReplayDetection) */
  insert(model: string, id: string, payload: Record<string, unknown>, expiresAt: number | undefined, on?: Db): Promise<boolean>;
  /** Expired ones are found until they are purged: the library judges expiry, with its clock tolerance. */
  find(model: string, id: string): Promise<Document | undefined>;
  findByUid(model: string, uid: string): Promise<Document | undefined>;
  findByUserCode(model: string, userCode: string): Promise<Document | undefined>;
  /** @returns false when it was consumed before: of two who redeem one code at once, one may */
  consume(model: string, id: string, now: number, on?: Db): Promise<boolean>;
  destroy(model: string, id: string, on?: Db): Promise<void>;
  revokeByGrantId(model: string, grantId: string, on?: Db): Promise<void>;
  /** Removes at most `limit` of what expired. @returns how many */
  purge(now: number, limit: number): Promise<number>;
};

type Row = { id: string; payload: string; consumed_at: number | null };

/** Seconds that expired documents are kept, above the library's clock tolerance. */
const GRACE = 60;

/** Every insert and update below names the document by its id, and a new one by what else it is found by. */
const finder = (column: 'id' | 'uid' | 'user_code') => recalled((db, given) => db.selectFrom('documents').select(['id', 'payload', 'consumed_at'])
  .where('model', '=', given('model')).where(column, '=', given('value')).orderBy('expires_at', 'desc'), ([row]): Row | undefined => row,
([, value], rows) => [value as string, ...rows.map(({ id }) => id)]);
const find = { id: finder('id'), uid: finder('uid'), user_code: finder('user_code') };

/** A value of a query whose parameters are given at each run. */
const given = '';

/**
 * The documents of a database, or of a transaction (`{ db: tx }`). Its queries are compiled once: one login runs
 * sixteen of them, and compiling costs more than running.
 */
export function createDocuments({ db }: { db: Db }): Documents {
  const run = compileAll(db);
  return {
    upsert: async (model, id, payload, expiresAt, on) => { await run.upsert(columns(model, id, payload, expiresAt), on); },
    insert: async (model, id, payload, expiresAt, on) => changed(await run.insert(columns(model, id, payload, expiresAt), on)) > 0,
    find: async (model, id) => document(await find.id(db, { model, value: id })),
    findByUid: async (model, uid) => document(await find.uid(db, { model, value: uid })),
    findByUserCode: async (model, userCode) => document(await find.user_code(db, { model, value: userCode })),
    consume: async (model, id, now, on) => changed(await run.consume([now, model, id], on)) > 0,
    destroy: async (model, id, on) => { await run.destroy([model, id], on); },
    revokeByGrantId: async (model, grantId, on) => { await run.revoke([model, grantId], on); },
    purge: async (now, limit) => changed(await run.purge([now - GRACE, limit])),
  };
}

/** The parameters of each, in the order in which they stand in the query, are what `run.x` takes above. */
function compileAll(db: Db) {
  const insert = db.insertInto('documents')
    .values({ model: given, id: given, payload: given, grant_id: given, uid: given, user_code: given, expires_at: 0 });
  const destroy = (column: 'id' | 'grant_id') => db.deleteFrom('documents').where('model', '=', given).where(column, '=', given);
  return {
    upsert: compiled(db, insert.onConflict((conflict) => conflict.columns(['model', 'id']).doUpdateSet((eb) => ({
      payload: eb.ref('excluded.payload'), grant_id: eb.ref('excluded.grant_id'), uid: eb.ref('excluded.uid'),
      user_code: eb.ref('excluded.user_code'), expires_at: eb.ref('excluded.expires_at'),
    })))),
    insert: compiled(db, insert.onConflict((conflict) => conflict.columns(['model', 'id']).doNothing())),
    consume: compiled(db, db.updateTable('documents').set({ consumed_at: 0 })
      .where('model', '=', given).where('id', '=', given).where('consumed_at', 'is', null)),
    destroy: compiled(db, destroy('id')),
    revoke: compiled(db, destroy('grant_id')),
    purge: compiled(db, db.deleteFrom('documents').where((eb) => eb(eb.refTuple('model', 'id'), 'in', eb.selectFrom('documents')
      .select(['model', 'id']).where('expires_at', '<', 0).limit(1).$asTuple('model', 'id')))),
  };
}

function compiled(db: Db, query: Compilable<unknown>): (parameters: unknown[], on?: Db) => Promise<QueryResult<unknown>> {
  const once = query.compile();
  return (parameters, on = db) => runCompiled(on, { ...once, parameters });
}

function columns(model: string, id: string, payload: Record<string, unknown>, expiresAt: number | undefined): unknown[] {
  return [model, id, JSON.stringify(payload), text(payload['grantId']), text(payload['uid']), text(payload['userCode']), expiresAt ?? null];
}

function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function document(row: Row | undefined): Document | undefined {
  if (!row) return undefined;
  return { ...JSON.parse(row.payload) as Record<string, unknown>, ...(row.consumed_at !== null && { consumed: row.consumed_at }) };
}
