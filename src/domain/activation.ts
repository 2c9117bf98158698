import { randomUUID } from 'node:crypto';
import type { Portal, Realm } from '../config/schema.ts';
import { findAccount, findPassword, holdAccount, updateAccount, type AccountRow } from '../store/accounts.ts';
import { appendAudit, type Actor } from '../store/audit.ts';
import { activationCodes, type CodeRow } from '../store/codes.ts';
import { listMembershipsOf } from '../store/memberships.ts';
import { findOrganisation } from '../store/organisations.ts';
import { enqueue, findMessage, withdrawMessage, type Message } from '../store/outbox.ts';
import type { Db } from '../store/schema.ts';
import { formatDate } from '../texts/dates.ts';
import { textsFor } from '../texts/catalogue.ts';
import { judgeCode, MAX_TRIES, type Refused } from './code-check.ts';
import { DomainError } from './errors.ts';
import { activationLetter, checkAddress } from './letter.ts';
import { displayName } from './names.ts';
import { languageFor, tellPerson } from './notify.ts';
import { hashCode, newCode } from './verification-code.ts';

export type ActivationChannel = 'mail' | 'letter';
export type Activation = { realm: Realm; accountId: string; channel: ActivationChannel; /** lines of the postal address, for a letter */ address?: string[]; actor: Actor; now: number };
/** `reference` stands in the message too: somebody who calls can read it out. `expiresAt` is in epoch seconds. */
export type Issued = { code: string; expiresAt: number; reference: string };

/**
 * Sends the code with which a local account is activated (row CAK-3); an earlier one dies, and the account waits for this one. It
 * goes by a message of its own, never together with the password. An address is kept in the letter only.
 * @throws DomainError activation.no_account (not active, or without a password), activation.done (who is in has no need of one), activation.no_email, letter.address
 */
export async function issueActivation(tx: Db, activation: Activation): Promise<Issued> {
  const { realm, accountId, channel, actor, now } = activation;
  // of two codes at once, the second withdraws the message of the first
  await holdAccount(tx, accountId);
  const account = await findAccount(tx, accountId);
  if (account?.status !== 'active' || !await findPassword(tx, accountId)) throw new DomainError('activation.no_account', { status: account?.status ?? 'deleted' });
  const before = await activationCodes.latest(tx, accountId);
  if (account.must_activate === 0 && (before?.close_reason === 'used' || account.last_login_at !== null)) throw new DomainError('activation.done');
  // nobody should get a letter with a code that is dead
  if (typeof before?.message_id === 'string') await withdrawMessage(tx, before.message_id);
  const issued = { id: randomUUID(), code: newCode(), expiresAt: now + realm.ttl.activation_code };
  const messageId = channel === 'mail' ? await sendMail(tx, activation, account, issued) : await sendLetter(tx, activation, account, issued);
  await activationCodes.insert(tx, {
    id: issued.id, account_id: accountId, hash: hashCode(issued.code), max_tries: MAX_TRIES, channel, message_id: messageId,
    issued_by: actor.id, issued_at: now, expires_at: issued.expiresAt,
  });
  await updateAccount(tx, accountId, { must_activate: 1, updated_at: now });
  await appendAudit(tx, {
    event: 'activation.issued', action: 'C', outcome: 'success', actor, objectType: 'account', objectId: accountId,
    detail: { codeId: issued.id, channel, expiresAt: issued.expiresAt }, now,
  });
  return { code: issued.code, expiresAt: issued.expiresAt, reference: referenceOf(issued) };
}

type Fresh = { id: string; code: string; expiresAt: number };

async function sendMail(tx: Db, { realm, now }: Activation, account: AccountRow, fresh: Fresh): Promise<string> {
  const { code, expiresAt } = fresh;
  const portal = portalOf(realm);
  const until = formatDate(languageFor(realm, account.language), expiresAt, { dateStyle: 'long', timeStyle: 'short' });
  const params = { name: displayName(account), code, until, portal: portal.name, url: portal.url, reference: referenceOf(fresh) };
  const id = await tellPerson(tx, realm, account, { message: 'activation_code', params, code, links: [portal.url], now });
  if (id === undefined) throw new DomainError('activation.no_email');
  return id;
}

async function sendLetter(tx: Db, { realm, accountId, address = [], now }: Activation, account: AccountRow, fresh: Fresh): Promise<string> {
  const lines = checkAddress(address);
  const language = languageFor(realm, account.language);
  const t = textsFor(realm).t(language);
  const [membership] = await listMembershipsOf(tx, accountId);
  const organisation = membership && await findOrganisation(tx, membership.organisation_id);
  const salutation = account.salutation ?? '';
  const to = [...organisation ? [organisation.name] : [], t('letter.attention', { salutation, name: displayName(account) }), ...lines];
  const portal = portalOf(realm);
  const letter = activationLetter(realm, {
    language, to, salutation, name: salutation === '' ? displayName(account) : surname(account), code: fresh.code, reference: referenceOf(fresh), portal, now, until: fresh.expiresAt,
  });
  return enqueue(tx, { channel: 'letter', recipient: to.join(', '), ...letter, code: fresh.code, links: [portal.url], now });
}

/** Where people of local accounts start: the first portal whose flow asks a password. */
function portalOf({ portals, flows, name, issuer }: Realm): Pick<Portal, 'name' | 'url'> {
  const portal = portals.find((one) => one.first_party === undefined && flows[one.flow]?.bindings.some(({ step }) => step === 'password'));
  return portal ?? portals[0] ?? { name, url: issuer };
}

/** With its infix, which begins with a capital when nothing stands before it: `Geachte mevrouw De Vries`. */
function surname({ infix, family_name: family }: AccountRow): string {
  const whole = [infix, family].filter(Boolean).join(' ');
  return whole.charAt(0).toUpperCase() + whole.slice(1);
}

function referenceOf({ id }: { id: string }): string {
  return `ACT-${id.slice(0, 8).toUpperCase()}`;
}

/** Judges a typed code (code-check.ts): give it the database itself, never a transaction. `redeemActivation` then uses a right code up. */
export async function checkActivation(db: Db, check: { accountId: string; typed: string; runId?: string; now: number }): Promise<{ ok: true; codeId: string } | Refused> {
  const { accountId, typed, runId, now } = check;
  const judged = await judgeCode(db, activationCodes, { ownerId: accountId, typed, now });
  if (judged.ok) return { ok: true, codeId: judged.code.id };
  await appendAudit(db, {
    event: 'activation.refused', action: 'E', outcome: 'refused', reason: `activation-code.${judged.code}`, actor: { kind: 'person', id: accountId },
    objectType: 'account', objectId: accountId, ...(runId && { runId }), detail: { left: judged.left }, now,
  });
  return judged;
}

/**
 * Uses a right code up: the account is activated. False when the code was used, replaced or guessed to death in the meantime, has
 * expired, is somebody else's, or the account is no longer active.
 */
export async function redeemActivation(tx: Db, { codeId, accountId, runId, now }: { codeId: string; accountId: string; runId?: string; now: number }): Promise<boolean> {
  const [account, code] = [await findAccount(tx, accountId), await activationCodes.latest(tx, accountId)];
  if (account?.status !== 'active' || code?.id !== codeId || code.expires_at <= now) return false;
  if (!await activationCodes.close(tx, codeId, 'used', now)) return false;
  await updateAccount(tx, accountId, { must_activate: 0, updated_at: now });
  await appendAudit(tx, {
    event: 'activation.used', action: 'E', outcome: 'success', actor: { kind: 'person', id: accountId, display: displayName(account) },
    objectType: 'account', objectId: accountId, ...(runId && { runId }), detail: { codeId }, now,
  });
  return true;
}

/** `none`: no code was ever sent; `dead`: guessed to death. */
export type ActivationState = 'waiting' | 'activated' | 'expired' | 'dead' | 'none';
export type ActivationStatus = {
  state: ActivationState;
  /** of the code that was sent last; times are epoch seconds */
  code?: { channel: ActivationChannel; reference: string; sentAt: number; expiresAt: number; triesLeft: number };
  /** what became of its message */
  message?: Pick<Message, 'id' | 'state' | 'error'>;
};

/** How far somebody is with activating; undefined for an account that never had to. */
export async function activationOf(db: Db, account: Pick<AccountRow, 'id' | 'must_activate'>, now: number): Promise<ActivationStatus | undefined> {
  const code = await activationCodes.latest(db, account.id);
  if (!code) return account.must_activate === 1 ? { state: 'none' } : undefined;
  const message = code.message_id === null ? undefined : await findMessage(db, code.message_id);
  return {
    state: account.must_activate === 0 ? 'activated' : stateOf(code, now),
    code: { channel: code.channel, reference: referenceOf(code), sentAt: code.issued_at, expiresAt: code.expires_at, triesLeft: Math.max(0, code.max_tries - code.tries) },
    ...(message && { message: { id: message.id, state: message.state, error: message.error } }),
  };
}

function stateOf(code: CodeRow<'activation_codes'>, now: number): ActivationState {
  if (code.closed_at !== null || code.tries >= code.max_tries) return 'dead';
  return code.expires_at <= now ? 'expired' : 'waiting';
}
