import { randomUUID } from 'node:crypto';
import type { CodeFactor, SecondFactor } from '../../config/accounts.ts';
import type { Realm } from '../../config/schema.ts';
import { findAccount } from '../../store/accounts.ts';
import { findFactors, holdFactors, insertFactor, listRecoveryCodes, removeFactor as deleteFactor, replaceRecoveryCodes, type FactorRow } from '../../store/factors.ts';
import { listPasskeys, removePasskey as deletePasskey, removePasskeys, type PasskeyRow } from '../../store/passkeys.ts';
import { beginAnew } from '../../store/runs.ts';
import type { Db } from '../../store/schema.ts';
import { DomainError } from '../errors.ts';
import type { MailName } from '../mail.ts';
import { codeGuessesOf } from '../guesses.ts';
import { tellPerson } from '../notify.ts';
import { keepPasskey } from '../passkeys/keep.ts';
import { forgiveTries } from '../throttle.ts';
import { throwOut } from '../throw-out.ts';
import { maskPhone } from './phone.ts';
import { note, openFor, type Holder, type Right, type Whose } from './holder.ts';

/** A factor that was just shown for the first time, ready to be kept. `secret` is sealed for its account. */
export type NewFactor = { kind: SecondFactor; secret: string; /** newest time step that was accepted */ lastStep?: number };

/** A factor that is being set up was shown for the first time. `keep` uses its code up; `keepFactor` keeps the factor, then or later. */
export type Confirmed = Right & { factor: NewFactor };

/** A factor as its person may see it. Times are epoch seconds; `phone` is masked, and absent when it does not open. */
export type ShownFactor = { kind: CodeFactor; createdAt: number; lastUsedAt?: number; phone?: string };

/** What somebody has set up to get codes, the oldest first, and how many recovery codes are left. */
export async function listFactors(db: Db, holder: Holder): Promise<{ factors: ShownFactor[]; recoveryCodes: number }> {
  const rows = await findFactors(db, holder.accountId);
  return { factors: rows.map((row) => shown(holder, row)), recoveryCodes: (await listRecoveryCodes(db, holder.accountId)).length };
}

function shown(holder: Holder, { kind, secret, created_at, last_used_at }: FactorRow): ShownFactor {
  const phone = kind === 'sms' ? openFor(holder, secret, 'sms') : undefined;
  return { kind, createdAt: Number(created_at), ...(last_used_at !== null && { lastUsedAt: Number(last_used_at) }), ...(phone !== undefined && { phone: maskPhone(phone) }) };
}

type Ways = { codes: FactorRow[]; passkeys: PasskeyRow[] };

/** All that an account can show as its second factor: of two who change it at once, the second sees what the first did. */
async function holdWays(tx: Db, accountId: string): Promise<Ways> {
  return { codes: await holdFactors(tx, accountId), passkeys: await listPasskeys(tx, accountId) };
}

/**
 * Keeps a factor that `confirmTotp`, `confirmPhone` or `confirmPasskey` found right. One that is shown with a code replaces the one of its
 * kind; passkeys stand beside each other. The person is told by mail.
 * @param only `first`: not when the account has a factor already, as at a login
 * @returns false when there was one, or this passkey is kept already
 */
export async function keepFactor(tx: Db, holder: Holder, { kind, secret, lastStep }: NewFactor, only?: 'first'): Promise<boolean> {
  const { codes, passkeys } = await holdWays(tx, holder.accountId);
  if (only === 'first' && codes.length + passkeys.length > 0) return false;
  const replaced = codes.some((row) => row.kind === kind);
  const passkey = kind === 'passkey' ? await keepPasskey(tx, holder, secret) : undefined;
  if (kind !== 'passkey') await insertFactor(tx, { id: randomUUID(), account_id: holder.accountId, kind, secret, created_at: holder.now, last_used_at: holder.now, last_step: lastStep ?? null });
  else if (passkey === undefined) return false;
  await note(tx, holder, { event: 'factor.added', action: replaced ? 'U' : 'C', detail: { kind, replaced, ...(passkey !== undefined && { passkey }) } });
  await tell(tx, holder, 'factor-added', { kind });
  return true;
}

/**
 * Removes a factor that is shown with a code. The last one takes the recovery codes along. Logins half way, of which somebody may be
 * about to show it, begin anew. The person is told by mail.
 * @throws DomainError second-factor.none; second-factor.last when the realm asks one of everybody: it can only be replaced
 */
export async function removeFactor(tx: Db, holder: Whose, kind: CodeFactor): Promise<void> {
  const { codes, passkeys } = await holdWays(tx, holder.accountId);
  if (!codes.some((row) => row.kind === kind)) throw new DomainError('second-factor.none');
  await leave(tx, holder, { codes: codes.filter((row) => row.kind !== kind), passkeys });
  await deleteFactor(tx, holder.accountId, kind);
  await beginAnew(tx, holder.accountId);
  await note(tx, holder, { event: 'factor.removed', action: 'D', detail: { kind } });
  await tell(tx, holder, 'factor-removed', { kind });
}

/**
 * Removes a passkey, as `removeFactor`.
 * @throws DomainError second-factor.none when the account has none such; second-factor.last
 */
export async function removePasskey(tx: Db, holder: Whose, id: string): Promise<void> {
  const { codes, passkeys } = await holdWays(tx, holder.accountId);
  if (!passkeys.some((row) => row.id === id)) throw new DomainError('second-factor.none');
  await leave(tx, holder, { codes, passkeys: passkeys.filter((row) => row.id !== id) });
  await deletePasskey(tx, { id, accountId: holder.accountId });
  await beginAnew(tx, holder.accountId);
  await note(tx, holder, { event: 'factor.removed', action: 'D', detail: { kind: 'passkey', passkey: id } });
  await tell(tx, holder, 'factor-removed', { kind: 'passkey' });
}

/** What stays must be enough to log in with: one that is blocked is not. */
async function leave(tx: Db, { realm, accountId }: Whose, left: Ways): Promise<void> {
  if (!isEnough(realm, left.codes.length + left.passkeys.filter((row) => row.blocked_at === null).length)) throw new DomainError('second-factor.last');
  if (left.codes.length + left.passkeys.length === 0) await replaceRecoveryCodes(tx, accountId, []);
}

/** May somebody have no more than so many factors that work? */
export function isEnough(realm: Pick<Realm, 'flows'>, left: number): boolean {
  return left > 0 || !requiresFactor(realm);
}

/** Does a flow of the realm have everybody set up a second factor, or ensure that there is one? */
export function requiresFactor({ flows }: Pick<Realm, 'flows'>): boolean {
  return Object.values(flows).some(({ bindings, ensure }) => ensure.includes('factor_enrolled')
    || bindings.some(({ step, when, unless, any_of, with: settings }) => (step === 'second-factor' && !when && !unless && !any_of) || (step === 'require' && settings['that'] === 'factor_enrolled')));
}

/**
 * For the service desk, when somebody lost all that they could show: every factor and recovery code goes, every session ends,
 * and the next login sets up a new one. The person is told by mail.
 * @throws DomainError second-factor.none when there is nothing to reset
 * @returns how many factors and sessions
 */
export async function wipeFactors(tx: Db, holder: Whose & Required<Pick<Whose, 'actor'>>): Promise<{ factors: SecondFactor[]; sessions: number }> {
  const { accountId, actor, now } = holder;
  const { codes, passkeys } = await holdWays(tx, accountId);
  const factors: SecondFactor[] = [...codes.map((row) => row.kind), ...(passkeys.length > 0 ? ['passkey' as const] : [])];
  if (factors.length === 0) throw new DomainError('second-factor.none');
  for (const { kind } of codes) await deleteFactor(tx, accountId, kind);
  await removePasskeys(tx, accountId);
  await replaceRecoveryCodes(tx, accountId, []);
  await forgiveTries(tx, codeGuessesOf(accountId));
  const sessions = await throwOut(tx, accountId, { reason: 'revoked', actor, now });
  await note(tx, holder, { event: 'factor.reset', action: 'D', detail: { kinds: factors, sessions } });
  await tell(tx, holder, 'factors-reset');
  return { factors, sessions };
}

/** Tells the person by mail what changed about how they log in. */
export async function tell(tx: Db, { realm, accountId, now }: Whose, message: MailName, params: Record<string, string | number> = {}): Promise<void> {
  const account = await findAccount(tx, accountId);
  if (account) await tellPerson(tx, realm, account, { message, params, now });
}
