import { findPasskey, listPasskeys, usePasskey, type PasskeyRow } from '../../store/passkeys.ts';
import type { Db } from '../../store/schema.ts';
import { refused, takeGuess, type Holder, type Right } from '../factors/holder.ts';
import { codeGuessesOf } from '../guesses.ts';
import { forgiveTries } from '../throttle.ts';
import { judgeAssertion, type Judged } from './judge.ts';
import { readAssertion } from './message.ts';
import { requestOptions, type RequestOptions } from './options.ts';
import { refusedFor, type PasskeyRefused } from './refused.ts';

/** Passkeys of somebody that can be used. */
async function usable(db: Db, accountId: string): Promise<PasskeyRow[]> {
  return (await listPasskeys(db, accountId)).filter(({ blocked_at }) => blocked_at === null);
}

/** What a browser needs to show one of somebody's passkeys. Undefined when none of them can be used. */
export async function askPasskey(db: Db, holder: Holder, turn: string): Promise<RequestOptions | undefined> {
  const passkeys = await usable(db, holder.accountId);
  return passkeys.length === 0 ? undefined : requestOptions(holder, turn, passkeys);
}

/**
 * Judges a passkey of somebody who is known already. The try is taken before; `keep` writes its counter, false when another turn was first.
 * @param typed AuthenticationResponseJSON
 */
export async function checkPasskey(db: Db, holder: Holder, { turn, typed }: { turn: string; typed: string }): Promise<Right | PasskeyRefused> {
  const { accountId } = holder;
  if ((await usable(db, accountId)).length === 0) return refused('none');
  if (typed === '') return refused('required');
  const wait = await takeGuess(db, holder);
  if (wait) return wait;
  const assertion = readAssertion(typed);
  const row = assertion && await findPasskey(db, assertion.id);
  const judged: Judged = assertion ? await judgeAssertion(holder, { assertion, row, turn, accountId }) : { ok: false, why: 'unreadable' };
  if (!judged.ok) return refusedFor({ ...holder, ...(row && { row }) }, judged);
  await forgiveTries(db, codeGuessesOf(accountId));
  return { ok: true, keep: (tx) => usePasskey(tx, judged.row.id, { ...judged, now: holder.now }) };
}
