import type { Realm } from '../../config/schema.ts';
import type { Problem, Run } from '../../flow/step.ts';
import { findAccount } from '../../store/accounts.ts';
import { appendAudit, type Actor, type AuditEntry } from '../../store/audit.ts';
import type { Db } from '../../store/schema.ts';
import { codeGuessesOf } from '../guesses.ts';
import { tellPerson } from '../notify.ts';
import { takeGuess as takeSpacedGuess } from '../throttle.ts';
import type { Vault } from '../vault.ts';

/** Whose second factors, where and when. `runId`: the login in which it happens; `actor`: who does it, when not the person. */
export type Holder = { realm: Realm; vault: Vault; accountId: string; now: number; runId?: string; actor?: Actor };

/** Enough where nothing is sealed or opened. */
export type Whose = Omit<Holder, 'vault'>;

/** Who is known in a run. */
export function holderOf({ realm, vault, facts, now, id }: Pick<Run<unknown, unknown>, 'realm' | 'vault' | 'facts' | 'now' | 'id'>): Holder {
  return { realm, vault, now, runId: id, accountId: facts.account?.id ?? '' };
}

/**
 * Why a code or number was not taken: the last part of the problem's code. `unreadable`: what was sealed does not open, so the
 * realm's secret is another one than when it was set up.
 */
export type Rule = 'required' | 'format' | 'wrong' | 'used' | 'expired' | 'dead' | 'wait' | 'pause' | 'limit' | 'none' | 'unreadable' | 'not_dialable' | 'blocked';
export type Refused = { ok: false; rule: Rule; params?: Record<string, string | number> };

/** A code that is right. `keep` uses it up, in the turn's transaction; false when another turn did so first. */
export type Right = { ok: true; keep: (tx: Db) => Promise<boolean> };
export type Checked = Right | Refused;

/** Nothing needs to be used up. */
export const keepNothing = async (): Promise<boolean> => true;

export function refused(rule: Rule, params?: Refused['params']): Refused {
  return { ok: false, rule, ...(params && { params }) };
}

/** @param field that it is about; null: none, what was wrong stands in no field */
export function problemOf(prefix: string, { rule, params }: Refused, field: string | null = 'code'): Problem {
  return { ...(field !== null && { field }), code: `${prefix}.${rule}`, ...(params && { params }) };
}

/** At this many guesses in a row the owner is told, once: who guesses here knows the password. */
const TOLD_AT = 6;

/**
 * Takes a guess before a code is compared: five follow each other, then each waits longer, a quarter of an hour at most. Give it the
 * database itself, never a transaction. @returns undefined when it may go on
 */
export async function takeGuess(db: Db, { realm, accountId, now }: Whose): Promise<Refused | undefined> {
  const guess = await takeSpacedGuess(db, codeGuessesOf(accountId), now);
  if (!guess.allowed) return refused('wait', { minutes: Math.ceil(guess.retryAfter / 60) });
  if (guess.count !== TOLD_AT) return undefined;
  const account = await findAccount(db, accountId);
  if (account) await tellPerson(db, realm, account, { message: 'code_attempts', now });
  await appendAudit(db, { event: 'factor.guessed', action: 'E', outcome: 'refused', actor: { kind: 'system', id: 'throttle' }, objectType: 'account', objectId: accountId, detail: { guesses: TOLD_AT }, now });
  return undefined;
}

type Kind = 'totp' | 'sms' | 'recovery' | 'passkey';

/** Opens what was sealed for this account. Undefined when it does not open, which the process says on its standard error. */
export function openFor({ vault, accountId, realm }: Holder, sealed: string, kind: Kind): string | undefined {
  try {
    return vault.open(sealed, `${kind}:${accountId}`);
  } catch {
    process.emitWarning(`a secret (${kind}) of account ${accountId} does not open: was keys/${realm.id}/secret replaced?`);
    return undefined;
  }
}

export function sealFor({ vault, accountId }: Pick<Holder, 'vault' | 'accountId'>, plain: string, kind: Kind): string {
  return vault.seal(plain, `${kind}:${accountId}`);
}

type Note = Pick<AuditEntry, 'event' | 'action' | 'detail' | 'reason'> & Partial<Pick<AuditEntry, 'outcome'>>;

/** A row of the trail about somebody's own factors; of what succeeded, unless it says otherwise. */
export async function note(tx: Db, { accountId, now, runId, actor = { kind: 'person', id: accountId } }: Whose, entry: Note): Promise<void> {
  await appendAudit(tx, { outcome: 'success', ...entry, actor, objectType: 'account', objectId: accountId, now, ...(runId !== undefined && { runId }) });
}
