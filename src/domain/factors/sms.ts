import { createHash } from 'node:crypto';
import { findFactor, touchFactor } from '../../store/factors.ts';
import type { Db } from '../../store/schema.ts';
import type { Confirmed } from './enrol.ts';
import { keepNothing, openFor, refused, sealFor, type Checked, type Holder, type Refused, type Right } from './holder.ts';
import { maskPhone, normalisePhone } from './phone.ts';
import { checkSentCode, pauseLeft, prepareCode, type Destination, type Sending } from './sent-code.ts';

/** What a page says of a phone; `pause`: seconds until another code may be asked for. */
export type ShownPhone = { phone: string; pause: number };

/**
 * A number that somebody wants to use, and a code to it. `pending` is the number, sealed: keep it where its person cannot
 * change it, and give it to `confirmPhone`. `keep` sends the code.
 */
export async function beginPhone(db: Db, holder: Holder, typed: string, sending: Sending): Promise<(Right & { pending: string }) | Refused> {
  const normal = normalisePhone(typed, holder.realm.second_factor.numbers);
  if (!normal.ok) return normal;
  const prepared = await prepareCode(db, holder, setupOf(holder, normal.number), sending);
  return prepared.ok ? { ...prepared, pending: sealFor(holder, normal.number, 'sms') } : prepared;
}

/** Another code to a number that is being set up. */
export async function resendPhone(db: Db, holder: Holder, pending: string, sending: Sending): Promise<Checked> {
  const number = openFor(holder, pending, 'sms');
  return number === undefined ? refused('unreadable') : prepareCode(db, holder, setupOf(holder, number), sending);
}

/** Judges the first code of a number: it shows that the phone is theirs. */
export async function confirmPhone(db: Db, holder: Holder, { pending, typed }: { pending: string; typed: string }): Promise<Confirmed | Refused> {
  const number = openFor(holder, pending, 'sms');
  if (number === undefined) return refused('unreadable');
  const checked = await checkSentCode(db, holder, setupOf(holder, number).purpose, typed);
  return checked.ok ? { ...checked, factor: { kind: 'sms', secret: pending } } : checked;
}

/** Undefined when the number does not open. */
export async function showPhone(db: Db, holder: Holder, pending: string): Promise<ShownPhone | undefined> {
  const number = openFor(holder, pending, 'sms');
  return number === undefined ? undefined : { phone: maskPhone(number), pause: await pauseLeft(db, holder, setupOf(holder, number).purpose) };
}

/** A code that went to one number confirms no other. */
function setupOf({ accountId }: Holder, number: string): Destination {
  return { number, message: 'setup', purpose: `phone:${accountId}:${createHash('sha256').update(number).digest('base64url')}` };
}

/** The first code of a login: none when one was sent moments ago and still works, as after beginning anew. */
export async function firstSms(db: Db, holder: Holder, sending: Sending): Promise<Checked> {
  const phone = await phoneOf(db, holder);
  if (!phone.ok) return phone;
  return await pauseLeft(db, holder, phone.to.purpose) > 0 ? { ok: true, keep: keepNothing } : prepareCode(db, holder, phone.to, sending);
}

/** Another code at a login, by SMS or voice. Any that was sent before is dead. */
export async function resendSms(db: Db, holder: Holder, sending: Sending): Promise<Checked> {
  const phone = await phoneOf(db, holder);
  return phone.ok ? prepareCode(db, holder, phone.to, sending) : phone;
}

/** Judges a code that was sent to the phone that is set up. */
export async function checkSms(db: Db, holder: Holder, typed: string): Promise<Checked> {
  const row = await findFactor(db, holder.accountId, 'sms');
  if (!row) return refused('none');
  const checked = await checkSentCode(db, holder, loginOf(row.id), typed);
  return checked.ok ? { ok: true, keep: async (tx) => await checked.keep(tx) && touchFactor(tx, row.id, holder.now) } : checked;
}

/** The phone that is set up, as the page of a login shows it. Undefined when there is none, or its number does not open. */
export async function shownSms(db: Db, holder: Holder): Promise<ShownPhone | undefined> {
  const phone = await phoneOf(db, holder);
  return phone.ok ? { phone: maskPhone(phone.to.number), pause: await pauseLeft(db, holder, phone.to.purpose) } : undefined;
}

async function phoneOf(db: Db, holder: Holder): Promise<{ ok: true; to: Destination } | Refused> {
  const row = await findFactor(db, holder.accountId, 'sms');
  if (!row) return refused('none');
  const number = openFor(holder, row.secret, 'sms');
  return number === undefined ? refused('unreadable') : { ok: true, to: { number, purpose: loginOf(row.id), message: 'code' } };
}

const loginOf = (factorId: string): string => `sms:${factorId}`;
