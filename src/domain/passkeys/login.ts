import { createHash } from 'node:crypto';
import { findAccount, findLoginOf } from '../../store/accounts.ts';
import { findPasskey, usePasskey } from '../../store/passkeys.ts';
import type { Db } from '../../store/schema.ts';
import { refused, type Holder } from '../factors/holder.ts';
import { isActive } from '../lifecycle/ended.ts';
import { organisationOf } from '../local-login.ts';
import { forgiveTries, takeTry } from '../throttle.ts';
import { judgeAssertion } from './judge.ts';
import { readAssertion } from './message.ts';
import { refusedFor, type PasskeyRefused } from './refused.ts';

// as for passwords: a whole town hall shares an address
const perAddress = { limit: 1000, window: 900 };
/** Of one account from one address: who tries elsewhere keeps nobody out. */
const perAccount = { limit: 20, window: 900 };

export type PasskeyLogin =
  | { ok: true; accountId: string; organisationId?: string; keep: (tx: Db) => Promise<boolean> }
  /** the right passkey of somebody who may not log in */
  | { ok: false; rule: 'inactive' }
  | PasskeyRefused;

type Place = Pick<Holder, 'realm' | 'vault' | 'now'> & { db: Db; runId: string; address: string };

/**
 * Judges a passkey in place of login name and password: whose it is, it says itself. One answer for one that nobody has and one that is
 * wrong; the tries are taken before. `keep` writes its counter, false when another turn was first.
 * @param typed AuthenticationResponseJSON
 */
export async function checkPasskeyLogin(place: Place, { turn, typed }: { turn: string; typed: string }): Promise<PasskeyLogin> {
  const { db, realm, now, runId } = place;
  const assertion = readAssertion(typed);
  const row = assertion && await findPasskey(db, assertion.id);
  const counter = `passkey:${row?.account_id ?? createHash('sha256').update(assertion?.id ?? '').digest('base64url')}@${place.address}`;
  const tries = [await takeTry(db, `passkey@${place.address}`, perAddress, now), await takeTry(db, counter, perAccount, now)];
  const full = tries.find(({ allowed }) => !allowed);
  if (full) return refused('wait', { minutes: Math.ceil(full.retryAfter / 60) });
  const about = { realm, now, runId, ...(row && { row, accountId: row.account_id }) };
  if (!assertion) return refusedFor(about, { ok: false, why: 'unreadable' });
  const judged = await judgeAssertion(place, { assertion, row, turn });
  if (!judged.ok) return refusedFor(about, judged);
  await forgiveTries(db, counter);
  return admitted(place, judged);
}

async function admitted({ db, realm, now }: Place, { row, counter, backedUp }: { row: { id: string; account_id: string }; counter: number; backedUp: boolean }): Promise<PasskeyLogin> {
  const accountId = row.account_id;
  const account = await findAccount(db, accountId);
  if (!account || !isActive(realm, account, now)) return { ok: false, rule: 'inactive' };
  const organisationId = await organisationOf(db, accountId, (await findLoginOf(db, accountId))?.scope ?? '');
  return { ok: true, accountId, ...(organisationId && { organisationId }), keep: (tx) => usePasskey(tx, row.id, { counter, backedUp, now }) };
}
