import type { Selectable } from 'kysely';
import { orderedId } from './ids.ts';
import type { Db, Tables } from './schema.ts';

/** Passwords that somebody had before, the last one first; at most `limit`. */
export async function listPasswordHistory(db: Db, accountId: string, limit: number): Promise<Selectable<Tables['password_history']>[]> {
  return db.selectFrom('password_history').selectAll().where('account_id', '=', accountId).orderBy('replaced_at', 'desc').orderBy('id', 'desc').limit(limit).execute();
}

/** Remembers a hash that was replaced, and forgets all but the last `keep` of the account. */
export async function rememberPassword(tx: Db, { accountId, hash, keep, now }: { accountId: string; hash: string; keep: number; now: number }): Promise<void> {
  await tx.insertInto('password_history').values({ id: orderedId(), account_id: accountId, hash, replaced_at: now }).execute();
  const kept = (await listPasswordHistory(tx, accountId, keep)).map((row) => row.id);
  await tx.deleteFrom('password_history').where('account_id', '=', accountId).$if(kept.length > 0, (query) => query.where('id', 'not in', kept)).execute();
}
