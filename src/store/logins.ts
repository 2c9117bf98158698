import { sql } from 'kysely';
import { held } from './held.ts';
import { prepared, type Given } from './prepared.ts';
import type { Db } from './schema.ts';

/** What somebody typed to say who they are: what is undefined was not asked. `scope` is the relation number, or ''. */
export type TypedNames = { scope: string; username?: string; email?: string };
export type FoundLogin = { accountId: string; hash: string | null; changedAt: number | null; oneTime: boolean };

/**
 * Whose names these are, with their password, in one question: an unknown name costs the same as a known one. Undefined when
 * they are nobody's, or more than one person's.
 */
export async function findByNames(db: Db, typed: TypedNames): Promise<FoundLogin | undefined> {
  const { scope, username, email } = typed;
  const rows = username === undefined
    ? await byAddress(db, typed)
    : (await (email === undefined ? byUsername(db, { scope, username: comparableUsername(username) }) : byBoth(db, { scope, username: comparableUsername(username), email: comparableUsername(email) }))).rows;
  const [row] = rows;
  return row && rows.length === 1 ? { accountId: row.id, hash: row.hash, changedAt: row.changed_at, oneTime: row.one_time === 1 } : undefined;
}

const columns = ['accounts.id', 'passwords.hash', 'passwords.changed_at', 'passwords.one_time'] as const;
const lowered = sql<string>`lower(email)`;

const withUsername = (db: Db, given: Given) => db.selectFrom('logins').innerJoin('accounts', 'accounts.id', 'logins.account_id').leftJoin('passwords', 'passwords.account_id', 'accounts.id')
  .where('scope', '=', given('scope')).where('username', '=', given('username')).select(columns);
const byUsername = prepared(withUsername);
const byBoth = prepared((db, given) => withUsername(db, given).where(lowered, '=', given('email')));

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
  const { rows } = await ('hash' in judged ? ofHash(tx, { account: accountId, judged: judged.hash }) : ofTime(tx, { account: accountId, judged: judged.changedAt }));
  return rows.length > 0;
}

const heldBy = (column: 'hash' | 'changed_at') => prepared((db, given) => held(db, db.selectFrom('passwords').select('account_id')
  .where('account_id', '=', given('account')).where(column, '=', given('judged')), 'forShare'));
const [ofHash, ofTime] = [heldBy('hash'), heldBy('changed_at')];

/** Puts another hash of the same password in its place, unless the password was changed meanwhile. */
export async function replaceHash(tx: Db, { accountId, from, to }: { accountId: string; from: string; to: string }): Promise<void> {
  await tx.updateTable('passwords').set({ hash: to }).where('account_id', '=', accountId).where('hash', '=', from).execute();
}
