import type { Realm } from '../config/schema.ts';
import { findAccount, updateAccount } from '../store/accounts.ts';
import { appendAudit, type Actor } from '../store/audit.ts';
import type { Db } from '../store/schema.ts';
import { issueTicket, peekTicket, redeemTicket } from '../store/tickets.ts';
import { DomainError } from './errors.ts';
import { displayName } from './names.ts';
import { tellPerson } from './notify.ts';
import { changedFields, type Profile } from './profile.ts';
import { takeTry } from './throttle.ts';
import { hashCode, matchesCode, newCode } from './verification-code.ts';

type Change = { realm: Realm; accountId: string; actor: Actor; now: number };

/**
 * A person changes their own details; their address is told, and the trail gets the names of the fields that changed.
 * @returns whether anything did
 */
export async function changeDetails(tx: Db, { realm, accountId, actor, now }: Change, details: Profile): Promise<boolean> {
  const before = await findAccount(tx, accountId);
  const fields = before ? changedFields(before, details) : [];
  if (!before || fields.length === 0) return false;
  await updateAccount(tx, accountId, { ...details, updated_at: now });
  await appendAudit(tx, { event: 'profile.changed', action: 'U', outcome: 'success', actor, objectType: 'account', objectId: accountId, detail: { fields }, now });
  await tellPerson(tx, realm, before, { message: 'details_changed', params: { name: displayName({ ...before, ...details }) }, now });
  return true;
}

/** @returns whether it is another language than before */
export async function changeLanguage(tx: Db, { accountId, actor, now }: Omit<Change, 'realm'>, language: string): Promise<boolean> {
  const before = await findAccount(tx, accountId);
  if (!before || before.language === language) return false;
  await updateAccount(tx, accountId, { language, updated_at: now });
  await appendAudit(tx, { event: 'profile.changed', action: 'U', outcome: 'success', actor, objectType: 'account', objectId: accountId, detail: { fields: ['language'] }, now });
  return true;
}

const KIND = 'account.email';
/** Seconds in which the code that went to the new address must be typed. */
const ttl = 3600;
const perAccount = { limit: 5, window: 3600 };
const perAddress = { limit: 5, window: 3600 };
const tries = { limit: 10, window: 3600 };

type Waiting = { accountId: string; email: string; hash: string };

/**
 * Takes the tries of somebody who wants another address: give it the database itself.
 * @returns what sends a code to the new address, in a transaction, and gives a handle for the page on which it is typed.
 * Nothing changes before it is
 * @throws DomainError account.email.same, account.email.wait (`minutes`)
 */
export async function askNewEmail(db: Db, { realm, accountId, now }: Omit<Change, 'actor'>, email: string): Promise<(tx: Db) => Promise<string>> {
  const account = await findAccount(db, accountId);
  if (account?.email?.toLowerCase() === email.toLowerCase()) throw new DomainError('account.email.same');
  await tryOrWait(db, `account.email:${accountId}`, perAccount, now);
  await tryOrWait(db, `account.email@${email.toLowerCase()}`, perAddress, now);
  return async (tx) => {
    const code = newCode();
    // nobody has confirmed this address: nothing that its asker may have made up goes there
    const params = { code };
    await tellPerson(tx, realm, { email, language: account?.language ?? null }, { message: 'email_code', params, code, now });
    return issueTicket(tx, { kind: KIND, runId: null, payload: { accountId, email, hash: hashCode(code) } satisfies Waiting, ttl, now });
  };
}

/** The new address that waits for its code; undefined when the handle is another's, used or expired. */
export async function waitingEmail(db: Db, accountId: string, handle: string, now: number): Promise<string | undefined> {
  return (await waitingFor(db, accountId, handle, now))?.email;
}

/**
 * Judges the code. The try is taken before: give it the database itself.
 * @returns what makes the new address count, in a transaction; the old one is told. It is false when another call was first
 * @throws DomainError account.email.gone, account.email.wait (`minutes`), account.email.wrong
 */
export async function checkNewEmail(db: Db, change: Change, { handle, code }: { handle: string; code: string }): Promise<(tx: Db) => Promise<boolean>> {
  const { accountId, now } = change;
  const waiting = await waitingFor(db, accountId, handle, now);
  if (!waiting) throw new DomainError('account.email.gone');
  await tryOrWait(db, `account.email.code:${accountId}`, tries, now);
  if (!matchesCode(code, waiting.hash)) throw new DomainError('account.email.wrong');
  return async (tx) => {
    if (!await redeemTicket(tx, KIND, handle, now)) return false;
    await putEmail(tx, change, waiting.email);
    return true;
  };
}

async function putEmail(tx: Db, { realm, accountId, actor, now }: Change, email: string): Promise<void> {
  const before = await findAccount(tx, accountId);
  await updateAccount(tx, accountId, { email, updated_at: now });
  await appendAudit(tx, { event: 'email.changed', action: 'U', outcome: 'success', actor, objectType: 'account', objectId: accountId, now });
  if (before) await tellPerson(tx, realm, before, { message: 'email_changed', params: { name: displayName(before) }, now });
}

async function waitingFor(db: Db, accountId: string, handle: string, now: number): Promise<Waiting | undefined> {
  const ticket = await peekTicket<Waiting>(db, KIND, handle, now);
  return ticket?.payload.accountId === accountId ? ticket.payload : undefined;
}

async function tryOrWait(db: Db, key: string, limit: Parameters<typeof takeTry>[2], now: number): Promise<void> {
  const { allowed, retryAfter } = await takeTry(db, key, limit, now);
  if (!allowed) throw new DomainError('account.email.wait', { minutes: Math.ceil(retryAfter / 60) });
}
