import type { Db, Tables } from './schema.ts';
import type { AccountRow } from './accounts.ts';
import { scoped, type Stretch } from './lifecycle.ts';

type Status = Tables['accounts']['status'];

/** Ids of accounts with one of these statuses that ended at `endedUntil` (epoch seconds) or before and still have personal data, in order. */
export async function listToPurge(db: Db, { statuses, endedUntil }: { statuses: readonly Status[]; endedUntil: number }, stretch: Stretch): Promise<string[]> {
  const query = db.selectFrom('accounts').select('id').where('status', 'in', statuses).where('ended_at', '<=', endedUntil).where('purged_at', 'is', null);
  return (await scoped(query, stretch).execute()).map(({ id }) => id);
}

/** What is said of a person in the row of the account itself. */
const nobody = {
  status: 'deleted', salutation: null, initials: null, given_name: null, infix: null, family_name: null, department: null, phone: null, email: null,
  birth_date: null, gender: null, address: null, postal_address: null, mobile: null, contact_email: null, function: null, card_function: null, newsletter: 0, language: null, must_activate: 0, end_reason: null,
} as const satisfies Partial<AccountRow>;

/**
 * Removes everything personal of an account that ended, for good: a shell with its id, dates and memberships stays, because the
 * audit trail names them. Messages to its person go too. @returns false when the account is not so (any more), or was purged before
 */
export async function purgeAccount(tx: Db, id: string, { statuses, endedUntil, now }: { statuses: readonly Status[]; endedUntil: number; now: number }): Promise<boolean> {
  const before = await tx.selectFrom('accounts').select(['email', 'phone']).where('id', '=', id).executeTakeFirst();
  const { numUpdatedRows } = await tx.updateTable('accounts').set({ ...nobody, purged_at: now, updated_at: now })
    .where('id', '=', id).where('status', 'in', statuses).where('ended_at', '<=', endedUntil).where('purged_at', 'is', null).executeTakeFirst();
  if (numUpdatedRows === 0n) return false;
  await tx.deleteFrom('outbox').where('id', 'in', (of) => of.selectFrom('activation_codes').select('message_id').where('account_id', '=', id).where('message_id', 'is not', null).$castTo<{ message_id: string }>()).execute();
  await tx.deleteFrom('outbox').where('account_id', '=', id).execute();
  for (const table of ['logins', 'passwords', 'password_history', 'factors', 'passkeys', 'recovery_codes', 'sent_codes', 'activation_codes', 'security_answers', 'notices', 'broker_identities'] as const) {
    await tx.deleteFrom(table).where('account_id', '=', id).execute();
  }
  await tx.deleteFrom('application_accounts').where('membership_id', 'in', (of) => of.selectFrom('memberships').select('id').where('account_id', '=', id)).execute();
  await removeMessages(tx, [before?.email, before?.phone].filter((address): address is string => typeof address === 'string' && address !== ''));
  return true;
}

/** An address that somebody else has too keeps its messages: they may be theirs. */
async function removeMessages(tx: Db, addresses: string[]): Promise<void> {
  for (const address of addresses) {
    const shared = await tx.selectFrom('accounts').select('id').where((eb) => eb.or([eb('email', '=', address), eb('phone', '=', address)])).limit(1).executeTakeFirst();
    if (!shared) await tx.deleteFrom('outbox').where('recipient', '=', address).execute();
  }
}
