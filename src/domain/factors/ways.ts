import type { Outcome } from '../../flow/step.ts';
import type { Db } from '../../store/schema.ts';
import { findFactors, listRecoveryCodes } from '../../store/factors.ts';
import { listPasskeys } from '../../store/passkeys.ts';
import type { Holder } from './holder.ts';

/** What somebody can show as their second factor: `second_factor` of the marks that flows know. */
export type Way = 'passkey' | 'totp' | 'sms' | 'recovery';

const ways: readonly Way[] = ['passkey', 'totp', 'sms', 'recovery'];

/** What somebody can show in place of `now`: what is set up, and recovery codes when any are left. */
export async function otherWays(db: Db, { accountId }: Holder, now: Way): Promise<Way[]> {
  const there = new Set<Way>((await findFactors(db, accountId)).map((row) => row.kind));
  if ((await listPasskeys(db, accountId)).some((row) => row.blocked_at === null)) there.add('passkey');
  if ((await listRecoveryCodes(db, accountId)).length > 0) there.add('recovery');
  return ways.filter((way) => way !== now && there.has(way));
}

/**
 * What a button asks for that wants another way: `other` is the first there is, each has its own name too. Undefined when the
 * button is none of these.
 */
export async function wayAsked(db: Db, holder: Holder, { step, now, action }: { step: string; now: Way; action: string }): Promise<Outcome<never> | undefined> {
  if (action !== 'other' && !ways.some((way) => way === action)) return undefined;
  const others = await otherWays(db, holder, now);
  const way = action === 'other' ? others[0] : others.find((one) => one === action);
  return way === undefined ? { kind: 'ask', problems: [{ code: `${step}.no_other` }] } : { kind: 'choose', marks: { second_factor: way } };
}
