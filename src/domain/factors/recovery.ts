import { randomUUID } from 'node:crypto';
import { holdFactors, listRecoveryCodes, replaceRecoveryCodes, useRecoveryCode } from '../../store/factors.ts';
import type { Db } from '../../store/schema.ts';
import { DomainError } from '../errors.ts';
import { codeGuessesOf } from '../guesses.ts';
import { forgiveTries } from '../throttle.ts';
import { hashCode, matchesCode, newCode, normaliseCode } from '../verification-code.ts';
import { keepFactor, tell, type NewFactor } from './enrol.ts';
import { note, refused, takeGuess, type Checked, type Holder } from './holder.ts';
import { asciiDigits } from './typed.ts';

/** Signs of a code: 60 bits, since it lives for years and its hash is a fast one. */
const LENGTH = 12;

/** As many codes as the realm gives; none when it gives none. Show them once, and keep them with `keepRecoveryCodes`. */
export function makeRecoveryCodes({ realm }: Pick<Holder, 'realm'>): string[] {
  return Array.from({ length: realm.second_factor.recovery_codes }, () => newCode(LENGTH));
}

/** Keeps recovery codes, as hashes, in place of those that the account had: of two who do so at once, the later ones stay. */
export async function keepRecoveryCodes(tx: Db, holder: Holder, codes: string[]): Promise<void> {
  await holdFactors(tx, holder.accountId);
  await replaceRecoveryCodes(tx, holder.accountId, codes.map((code) => ({ id: randomUUID(), account_id: holder.accountId, hash: hashCode(code), created_at: holder.now, used_at: null })));
  await note(tx, holder, { event: 'recovery.made', action: 'C', detail: { codes: codes.length } });
}

/** New codes on somebody's own page, who is told by mail. @returns the codes: they are nowhere else */
export async function newRecoveryCodes(tx: Db, holder: Holder): Promise<string[]> {
  const codes = makeRecoveryCodes(holder);
  await keepRecoveryCodes(tx, holder, codes);
  await tell(tx, holder, 'recovery-made');
  return codes;
}

/**
 * Keeps a factor on somebody's own page.
 * @returns the recovery codes that come with it when the account has none and the realm gives them
 * @throws DomainError second-factor.code.used when it is kept already
 */
export async function keepWithRecovery(tx: Db, holder: Holder, factor: NewFactor): Promise<string[] | undefined> {
  await holdFactors(tx, holder.accountId);
  const left = await recoveryCodesLeft(tx, holder);
  if (!await keepFactor(tx, holder, factor)) throw new DomainError('second-factor.code.used');
  return left === 0 && holder.realm.second_factor.recovery_codes > 0 ? newRecoveryCodes(tx, holder) : undefined;
}

export async function recoveryCodesLeft(db: Db, { accountId }: Holder): Promise<number> {
  return (await listRecoveryCodes(db, accountId)).length;
}

/** Judges a recovery code. The try is taken before; `keep` uses the code up and tells the person by mail. */
export async function checkRecovery(db: Db, holder: Holder, typed: string): Promise<Checked> {
  const text = asciiDigits(typed);
  if (normaliseCode(text) === '') return refused('required');
  const wait = await takeGuess(db, holder);
  if (wait) return wait;
  const rows = await listRecoveryCodes(db, holder.accountId);
  if (rows.length === 0) return refused('none');
  // each is compared: which one it was does not show in the time
  const [right] = rows.filter((row) => matchesCode(text, row.hash));
  if (!right) return refused('wrong');
  await forgiveTries(db, codeGuessesOf(holder.accountId));
  return {
    ok: true,
    async keep(tx) {
      if (!await useRecoveryCode(tx, right.id, holder.now)) return false;
      const left = (await listRecoveryCodes(tx, holder.accountId)).length;
      await note(tx, holder, { event: 'recovery.used', action: 'E', detail: { left } });
      await tell(tx, holder, 'recovery-used', { left });
      return true;
    },
  };
}
