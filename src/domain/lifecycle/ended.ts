import type { Realm } from '../../config/schema.ts';
import type { AccountRow } from '../../store/accounts.ts';
import type { Tables } from '../../store/schema.ts';
import { DAY } from './task.ts';

type Rules = Pick<Realm, 'lifecycle'>;
type Status = Tables['accounts']['status'];

/** Statuses that an account never leaves. */
export function statusesForGood({ lifecycle }: Rules): readonly Status[] {
  return lifecycle.dormant_can_return ? ['deleted'] : ['deleted', 'dormant'];
}

/** What comes by itself, in epoch seconds. */
export type Ahead = { /** dormant, unless its person logs in */ dormantAt?: number; /** its personal data go */ purgeAt?: number };

export function aheadOf(realm: Rules, account: AccountRow): Ahead {
  const { status, ended_at, purged_at } = account;
  const [dormantAt, purge] = [unusedAt(realm, account), realm.lifecycle.purge_after_days];
  if (status === 'active') return dormantAt === undefined ? {} : { dormantAt };
  if (purge === undefined || ended_at === null || purged_at !== null || !statusesForGood(realm).includes(status)) return {};
  return { purgeAt: ended_at + purge * DAY };
}

/** When an account is unused for too long: counted from its last login, its making, or its return. Undefined where none ever is. */
function unusedAt({ lifecycle: { dormant_after_days: days } }: Rules, { last_login_at, created_at, reopened_at }: AccountRow): number | undefined {
  return days === undefined ? undefined : Math.max(last_login_at ?? created_at, reopened_at ?? 0) + days * DAY;
}

/** Would an account, whatever became of it, be one that never comes back because nobody used it (row CIZ-5)? */
export function isLost(realm: Rules, account: AccountRow, now: number): boolean {
  return !realm.lifecycle.dormant_can_return && (account.status === 'dormant' || (unusedAt(realm, account) ?? Infinity) <= now);
}

/** Is an account open for its person? Unused for too long it is over, whether or not somebody has written that down yet (row CIZ-5). */
export function isActive(realm: Rules, account: AccountRow, now: number): boolean {
  return account.status === 'active' && (aheadOf(realm, account).dormantAt ?? Infinity) > now;
}
