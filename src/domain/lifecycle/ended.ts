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

export function aheadOf(realm: Rules, { status, last_login_at, created_at, reopened_at, ended_at, purged_at }: AccountRow): Ahead {
  const { dormant_after_days: dormant, purge_after_days: purge } = realm.lifecycle;
  if (status === 'active' && dormant !== undefined) return { dormantAt: Math.max(last_login_at ?? created_at, reopened_at ?? 0) + dormant * DAY };
  if (purge === undefined || ended_at === null || purged_at !== null || !statusesForGood(realm).includes(status)) return {};
  return { purgeAt: ended_at + purge * DAY };
}

/** Is an account open for its person? Unused for too long it is over, whether or not somebody has written that down yet (row CIZ-5). */
export function isActive(realm: Rules, account: AccountRow, now: number): boolean {
  return account.status === 'active' && (aheadOf(realm, account).dormantAt ?? Infinity) > now;
}
