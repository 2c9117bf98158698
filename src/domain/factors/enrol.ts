import { randomUUID } from 'node:crypto';
import type { SecondFactor } from '../../config/accounts.ts';
import type { Realm } from '../../config/schema.ts';
import { findAccount } from '../../store/accounts.ts';
import { findFactors, holdFactors, insertFactor, listRecoveryCodes, removeFactor as deleteFactor, replaceRecoveryCodes, type FactorRow } from '../../store/factors.ts';
import { beginAnew } from '../../store/runs.ts';
import type { Db } from '../../store/schema.ts';
import { DomainError } from '../errors.ts';
import type { MailName } from '../mail.ts';
import { tellPerson } from '../notify.ts';
import { endSessionsOf } from '../sessions.ts';
import { maskPhone } from './phone.ts';
import { note, openFor, type Holder, type Right, type Whose } from './holder.ts';

/** A factor whose code was just typed, ready to be kept. `secret` is sealed for its account. */
export type NewFactor = { kind: SecondFactor; secret: string; /** newest time step that was accepted */ lastStep?: number };

/** The first code of a factor that is being set up was right. `keep` uses the code up; `keepFactor` keeps the factor, then or later. */
export type Confirmed = Right & { factor: NewFactor };

/** A factor as its person may see it. Times are epoch seconds; `phone` is masked, and absent when it does not open. */
export type ShownFactor = { kind: SecondFactor; createdAt: number; lastUsedAt?: number; phone?: string };

/** What somebody has set up, the oldest first, and how many recovery codes are left. */
export async function listFactors(db: Db, holder: Holder): Promise<{ factors: ShownFactor[]; recoveryCodes: number }> {
  const rows = await findFactors(db, holder.accountId);
  return { factors: rows.map((row) => shown(holder, row)), recoveryCodes: (await listRecoveryCodes(db, holder.accountId)).length };
}

function shown(holder: Holder, { kind, secret, created_at, last_used_at }: FactorRow): ShownFactor {
  const phone = kind === 'sms' ? openFor(holder, secret, 'sms') : undefined;
  return { kind, createdAt: Number(created_at), ...(last_used_at !== null && { lastUsedAt: Number(last_used_at) }), ...(phone !== undefined && { phone: maskPhone(phone) }) };
}

/**
 * Keeps a factor that `confirmTotp` or `confirmPhone` found right; one of the same kind is replaced. The person is told by mail.
 * @param only `first`: not when the account has a factor already, as at a login
 * @returns false when there was one
 */
export async function keepFactor(tx: Db, holder: Holder, { kind, secret, lastStep }: NewFactor, only?: 'first'): Promise<boolean> {
  const present = await holdFactors(tx, holder.accountId);
  if (only === 'first' && present.length > 0) return false;
  const replaced = present.some((row) => row.kind === kind);
  await insertFactor(tx, { id: randomUUID(), account_id: holder.accountId, kind, secret, created_at: holder.now, last_used_at: holder.now, last_step: lastStep ?? null });
  await note(tx, holder, { event: 'factor.added', action: replaced ? 'U' : 'C', detail: { kind, replaced } });
  await tell(tx, holder, 'factor-added', { kind });
  return true;
}

/**
 * Removes a factor. The last one takes the recovery codes along. The person is told by mail.
 * @throws DomainError second-factor.none; second-factor.last when the realm asks one of everybody: it can only be replaced
 */
export async function removeFactor(tx: Db, holder: Whose, kind: SecondFactor): Promise<void> {
  const present = await holdFactors(tx, holder.accountId);
  if (!present.some((row) => row.kind === kind)) throw new DomainError('second-factor.none');
  if (present.length === 1 && requiresFactor(holder.realm)) throw new DomainError('second-factor.last');
  await deleteFactor(tx, holder.accountId, kind);
  if (present.length === 1) await replaceRecoveryCodes(tx, holder.accountId, []);
  await note(tx, holder, { event: 'factor.removed', action: 'D', detail: { kind } });
  await tell(tx, holder, 'factor-removed', { kind });
}

/** Does a flow of the realm have everybody set up a second factor, or ensure that there is one? */
export function requiresFactor({ flows }: Pick<Realm, 'flows'>): boolean {
  return Object.values(flows).some(({ bindings, ensure }) => ensure.includes('factor_enrolled')
    || bindings.some(({ step, when, any_of, with: settings }) => (step === 'second-factor' && !when && !any_of) || (step === 'require' && settings['that'] === 'factor_enrolled')));
}

/**
 * For the service desk, when somebody lost all that they could show: every factor and recovery code goes, every session ends,
 * and the next login sets up a new one. The person is told by mail.
 * @throws DomainError second-factor.none when there is nothing to reset
 * @returns how many factors and sessions
 */
export async function wipeFactors(tx: Db, holder: Whose & Required<Pick<Whose, 'actor'>>): Promise<{ factors: SecondFactor[]; sessions: number }> {
  const { accountId, actor, now } = holder;
  const factors = (await holdFactors(tx, accountId)).map((row) => row.kind);
  if (factors.length === 0) throw new DomainError('second-factor.none');
  for (const kind of factors) await deleteFactor(tx, accountId, kind);
  await replaceRecoveryCodes(tx, accountId, []);
  const sessions = await endSessionsOf(tx, { accountId }, { reason: 'revoked', actor, now });
  await beginAnew(tx, accountId);
  await note(tx, holder, { event: 'factor.reset', action: 'D', detail: { kinds: factors, sessions } });
  await tell(tx, holder, 'factors-reset');
  return { factors, sessions };
}

/** Tells the person by mail what changed about how they log in. */
export async function tell(tx: Db, { realm, accountId, now }: Whose, message: MailName, params: Record<string, string | number> = {}): Promise<void> {
  const account = await findAccount(tx, accountId);
  if (account) await tellPerson(tx, realm, account, { message, params, now });
}
