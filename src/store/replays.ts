import type { Db } from './schema.ts';

/** Remembers an id until it expires (epoch seconds). @returns false when it was seen before */
export async function rememberOnce(tx: Db, id: string, expiresAt: number): Promise<boolean> {
  const result = await tx.insertInto('replays').values({ id, expires_at: expiresAt })
    .onConflict((conflict) => conflict.column('id').doNothing()).executeTakeFirst();
  return (result.numInsertedOrUpdatedRows ?? 0n) > 0n;
}

/** Forgets at most `limit` of what can no longer be replayed. */
export async function purgeReplays(db: Db, now: number, limit: number): Promise<number> {
  const result = await db.deleteFrom('replays')
    .where('id', 'in', (query) => query.selectFrom('replays').select('id').where('expires_at', '<=', now).limit(limit)).executeTakeFirst();
  return Number(result.numDeletedRows);
}
