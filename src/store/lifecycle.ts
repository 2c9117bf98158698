import { sql, type SelectQueryBuilder, type Selectable } from 'kysely';
import type { AccountRow } from './accounts.ts';
import type { Db, Tables } from './schema.ts';

/** A stretch of the accounts in the order of their ids: after `after`, up to `until`; without it all that follow. */
export type Stretch = { after: string; until?: string };
/** One account, or a stretch of them. */
export type Scope = { id: string } | Stretch;

/**
 * Accounts in stretches of at most `size`: a look at each of them takes milliseconds, however many accounts there are and however
 * few of them are sought, and on SQLite everybody waits for it.
 */
export async function* stretches(db: Db, size: number): AsyncGenerator<Stretch> {
  for (let after = ''; ;) {
    const last = await db.selectFrom('accounts').select('id').where('id', '>', after).orderBy('id').offset(size - 1).limit(1).executeTakeFirst();
    if (!last) return yield { after };
    yield { after, until: last.id };
    after = last.id;
  }
}

/** Epoch seconds at which an account was last of use: a login, its making, or its return. */
const lastUse = sql<number>`case when accounts.reopened_at > coalesce(accounts.last_login_at, accounts.created_at)
  then accounts.reopened_at else coalesce(accounts.last_login_at, accounts.created_at) end`;
const addressed = sql<boolean>`accounts.email <> ''`;

export function scoped<T extends 'accounts' | 'passwords', O>(query: SelectQueryBuilder<Tables, T | 'accounts', O>, scope: Scope): SelectQueryBuilder<Tables, T | 'accounts', O> {
  if ('id' in scope) return query.where(sql<boolean>`accounts.id = ${scope.id}`);
  const { after, until } = scope;
  return query.where(sql<boolean>`accounts.id > ${after}`).$if(until !== undefined, (all) => all.where(sql<boolean>`accounts.id <= ${until}`)).orderBy(sql`accounts.id`);
}

/**
 * Active accounts with an address whose own password was set at `changedUntil` (epoch seconds) or before, and who were not
 * told about that password by a notice of this kind.
 */
export async function listToTellOfPassword(db: Db, { kind, changedUntil }: { kind: string; changedUntil: number }, scope: Scope): Promise<(AccountRow & { changed_at: number })[]> {
  const query = db.selectFrom('accounts').innerJoin('passwords', 'passwords.account_id', 'accounts.id')
    .selectAll('accounts').select('changed_at').where('status', '=', 'active').where(addressed).where('one_time', '=', 0).where('changed_at', '<=', changedUntil)
    .where((eb) => eb.not(eb.exists(eb.selectFrom('notices').select('notices.kind').whereRef('notices.account_id', '=', 'accounts.id')
      .where('notices.kind', '=', kind).where(sql<boolean>`notices.about = cast(passwords.changed_at as text)`))));
  return scoped(query, scope).execute();
}

export type UnusedRow = AccountRow & { last_use: number };

/** Active accounts of which the last use was at `until` or before, and after `since` when it is given (epoch seconds). */
export async function listUnused(db: Db, { until, since }: { until: number; since?: number }, scope: Scope): Promise<UnusedRow[]> {
  const query = db.selectFrom('accounts').selectAll().select(lastUse.as('last_use')).where('status', '=', 'active').where(lastUse, '<=', until)
    .$if(since !== undefined, (unused) => unused.where(lastUse, '>', since ?? 0));
  return (await scoped(query, scope).execute()).map((row) => ({ ...row, last_use: Number(row.last_use) }));
}

/** As `listUnused`, of people with an address who were not told by a notice of this kind about the end of that use, `<last use>:<word>`. */
export async function listToRemind(db: Db, { kind, word, until, since }: { kind: string; word: string; until: number; since: number }, scope: Scope): Promise<UnusedRow[]> {
  const query = db.selectFrom('accounts').selectAll().select(lastUse.as('last_use')).where('status', '=', 'active').where(addressed)
    .where(lastUse, '<=', until).where(lastUse, '>', since)
    .where((eb) => eb.not(eb.exists(eb.selectFrom('notices').select('notices.kind').whereRef('notices.account_id', '=', 'accounts.id')
      .where('notices.kind', '=', kind).where(sql<boolean>`notices.about = cast(${lastUse} as text) || ${`:${word}`}`))));
  return (await scoped(query, scope).execute()).map((row) => ({ ...row, last_use: Number(row.last_use) }));
}

/** Remembers that somebody was told. @returns false when they were told before: of two who would tell, one does */
export async function insertNotice(tx: Db, row: Selectable<Tables['notices']>): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await tx.insertInto('notices').values(row).onConflict((conflict) => conflict.columns(['account_id', 'kind', 'about']).doNothing()).executeTakeFirst();
  return numInsertedOrUpdatedRows === 1n;
}

/** Makes an active account dormant that was last of use at `until` or before. @returns false when it is not so any more */
export async function endUnused(tx: Db, id: string, { until, reason, now }: { until: number; reason: string; now: number }): Promise<boolean> {
  const { numUpdatedRows } = await tx.updateTable('accounts').set({ status: 'dormant', ended_at: now, end_reason: reason, updated_at: now })
    .where('id', '=', id).where('status', '=', 'active').where(lastUse, '<=', until).executeTakeFirst();
  return numUpdatedRows === 1n;
}
