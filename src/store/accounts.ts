import type { Insertable, Selectable, Updateable } from 'kysely';
import { comparableUsername } from './logins.ts';
import { changed, preparedRow, recalled } from './prepared.ts';
import type { Db, Tables } from './schema.ts';

export type AccountRow = Selectable<Tables['accounts']>;
export type LoginRow = Selectable<Tables['logins']>;
export type PasswordRow = Selectable<Tables['passwords']>;

export async function insertAccount(tx: Db, row: Insertable<Tables['accounts']>): Promise<void> {
  await tx.insertInto('accounts').values(row).execute();
}

const byId = recalled((db, given) => db.selectFrom('accounts').selectAll().where('id', '=', given('id')), ([row]) => row);

export async function findAccount(db: Db, id: string): Promise<AccountRow | undefined> {
  return byId(db, { id });
}

/** @returns false when there is no such account */
export async function updateAccount(tx: Db, id: string, patch: Omit<Updateable<Tables['accounts']>, 'id'>): Promise<boolean> {
  return changed(await update(tx, patch, { id })) > 0;
}

const update = preparedRow((db, patch: Omit<Updateable<Tables['accounts']>, 'id'>, given) => db.updateTable('accounts').set(patch).where('id', '=', given('id')));

/** Holds an account until the end of the transaction: of two who change what it has at once, the second sees what the first did. */
export async function holdAccount(tx: Db, id: string): Promise<void> {
  await tx.updateTable('accounts').set((eb) => ({ status: eb.ref('status') })).where('id', '=', id).execute();
}

type Status = AccountRow['status'];

/**
 * Shuts an account that has one of the statuses `from`; locked and active ones have not ended.
 * @returns false when it has another: of two who end it at once, one does
 */
export async function endAccount(tx: Db, id: string, { from, to, reason, now }: { from: Status[]; to: Exclude<Status, 'active'>; reason?: string; now: number }): Promise<boolean> {
  const end = to === 'locked' ? {} : { ended_at: now, end_reason: reason ?? null };
  const result = await tx.updateTable('accounts').set({ status: to, updated_at: now, ...end }).where('id', '=', id).where('status', 'in', from).executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/** Makes an account active again. @returns false when its status is not `from` any more */
export async function reopenAccount(tx: Db, id: string, from: Status, now: number): Promise<boolean> {
  const result = await tx.updateTable('accounts').set({ status: 'active', ended_at: null, end_reason: null, reopened_at: now, updated_at: now })
    .where('id', '=', id).where('status', '=', from).executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/** Accounts by family name; `text` is looked for in names and mail address, whatever the case. At most `limit` (100). */
export async function listAccounts(db: Db, { text, limit = 100 }: { text?: string; limit?: number } = {}): Promise<AccountRow[]> {
  const pattern = text === undefined || text === '' ? undefined : `%${text.normalize('NFC').toLowerCase().replace(/[\\%_]/g, '\\$&')}%`;
  return db.selectFrom('accounts').selectAll()
    .$if(pattern !== undefined, (query) => query.where(({ eb, or, fn, val }) => or(
      (['given_name', 'family_name', 'email'] as const).map((column) => eb(fn<string>('lower', [column]), 'like', val(pattern)).$castTo<boolean>()),
    )))
    .orderBy('family_name').orderBy('id').limit(limit).execute();
}

export async function findLogin(db: Db, scope: string, username: string): Promise<LoginRow | undefined> {
  return db.selectFrom('logins').selectAll().where('scope', '=', scope).where('username', '=', comparableUsername(username)).executeTakeFirst();
}

/** A login name of an account; of several the first by name. */
export async function findLoginOf(db: Db, accountId: string): Promise<LoginRow | undefined> {
  return db.selectFrom('logins').selectAll().where('account_id', '=', accountId).orderBy('username').orderBy('scope').limit(1).executeTakeFirst();
}

/** @throws a conflict (`isConflict`) when somebody has this name in this scope */
export async function insertLogin(tx: Db, row: Insertable<Tables['logins']>): Promise<void> {
  await tx.insertInto('logins').values({ ...row, username: comparableUsername(row.username) }).execute();
}

export async function removeLogin(tx: Db, scope: string, username: string): Promise<void> {
  await tx.deleteFrom('logins').where('scope', '=', scope).where('username', '=', comparableUsername(username)).execute();
}

export async function findPassword(db: Db, accountId: string): Promise<PasswordRow | undefined> {
  return db.selectFrom('passwords').selectAll().where('account_id', '=', accountId).executeTakeFirst();
}

/** Sets or replaces the password of an account. */
export async function putPassword(tx: Db, row: Insertable<Tables['passwords']>): Promise<void> {
  const { account_id: _, ...rest } = { one_time: 0, ...row };
  await tx.insertInto('passwords').values(row).onConflict((conflict) => conflict.column('account_id').doUpdateSet(rest)).execute();
}
