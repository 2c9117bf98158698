import { PostgresAdapter, sql } from 'kysely';
import type { Db } from './schema.ts';

/** What somebody typed to say who they are: what is undefined was not asked. `scope` is the relation number, or ''. */
export type TypedNames = { scope: string; username?: string; email?: string };
export type FoundLogin = { accountId: string; hash: string | null; changedAt: number | null; oneTime: boolean };

/**
 * Whose names these are, with their password, in one question: an unknown name costs the same as a known one. Undefined when
 * they are nobody's, or more than one person's.
 */
export async function findByNames(db: Db, typed: TypedNames): Promise<FoundLogin | undefined> {
  const rows = await (typed.username === undefined ? byAddress(db, typed) : byUsername(db, typed));
  const [row] = rows;
  return row && rows.length === 1 ? { accountId: row.id, hash: row.hash, changedAt: row.changed_at, oneTime: row.one_time === 1 } : undefined;
}

const columns = ['accounts.id', 'passwords.hash', 'passwords.changed_at', 'passwords.one_time'] as const;
const lowered = sql<string>`lower(email)`;

function byUsername(db: Db, { scope, username = '', email }: TypedNames) {
  return db.selectFrom('logins').innerJoin('accounts', 'accounts.id', 'logins.account_id').leftJoin('passwords', 'passwords.account_id', 'accounts.id')
    .where('scope', '=', scope).where('username', '=', comparableUsername(username))
    .$if(email !== undefined, (query) => query.where(lowered, '=', comparableUsername(email ?? '')))
    .select(columns).execute();
}

function byAddress(db: Db, { scope, email = '' }: TypedNames) {
  return db.selectFrom('accounts').leftJoin('passwords', 'passwords.account_id', 'accounts.id')
    .where(lowered, '=', comparableUsername(email))
    .$if(scope !== '', (query) => query.where('accounts.id', 'in', (members) => members.selectFrom('memberships')
      .innerJoin('organisation_identifiers', 'organisation_identifiers.organisation_id', 'memberships.organisation_id')
      .where('type', '=', 'relation_number').where('value', '=', scope).select('memberships.account_id')))
    .select(columns).limit(2).execute();
}

/** Usernames are compared without regard to case or to how an accent was typed. */
export function comparableUsername(username: string): string {
  return username.normalize('NFC').toLowerCase();
}

/** Is there a password whose hash was made elsewhere? */
export async function hasForeignHashes(db: Db): Promise<boolean> {
  const row = await db.selectFrom('passwords').select('account_id').where(sql<boolean>`hash not like '$argon2%'`).limit(1).executeTakeFirst();
  return row !== undefined;
}

/**
 * Is the password that was judged still the one of the account? Until the end of the transaction nobody else replaces it.
 * @param judged its hash; `changedAt` in place of that when the hash itself may be made anew meanwhile
 */
export async function holdsPassword(tx: Db, accountId: string, judged: { hash: string } | { changedAt: number }): Promise<boolean> {
  const row = tx.selectFrom('passwords').select('account_id').where('account_id', '=', accountId)
    .where((eb) => ('hash' in judged ? eb('hash', '=', judged.hash) : eb('changed_at', '=', judged.changedAt)));
  return await (tx.getExecutor().adapter instanceof PostgresAdapter ? row.forShare() : row).executeTakeFirst() !== undefined;
}

/** Puts another hash of the same password in its place, unless the password was changed meanwhile. */
export async function replaceHash(tx: Db, { accountId, from, to }: { accountId: string; from: string; to: string }): Promise<void> {
  await tx.updateTable('passwords').set({ hash: to }).where('account_id', '=', accountId).where('hash', '=', from).execute();
}
