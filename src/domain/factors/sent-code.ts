import { randomInt, randomUUID } from 'node:crypto';
import { sentCodes } from '../../store/codes.ts';
import { enqueue } from '../../store/outbox.ts';
import type { Db } from '../../store/schema.ts';
import { textsFor } from '../../texts/catalogue.ts';
import { judgeCode, MAX_TRIES } from '../code-check.ts';
import { codeGuessesOf } from '../guesses.ts';
import { forgiveTries, takeTry } from '../throttle.ts';
import { hashCode } from '../verification-code.ts';
import { refused, takeGuess, type Checked, type Holder, type Refused } from './holder.ts';
import { digitsOf } from './typed.ts';

/** How a code goes to a phone, and in which words. `portal`: what it is for, as people call it. */
export type Sending = { means: 'sms' | 'voice'; language: string; portal: string };

/** Where to, and what the code opens: the newest code of a purpose is the only one that works. */
export type Destination = { number: string; purpose: string; message: 'code' | 'setup' };

const pauseOf = (accountId: string): string => `message-pause:${accountId}`;

/**
 * Makes a code to send. The limits are taken here, before anything is sent: a pause between two messages to one person, and so
 * many an hour to one account and to one number. `keep` writes message and code in the turn's transaction.
 */
export async function prepareCode(db: Db, holder: Holder, destination: Destination, sending: Sending): Promise<Checked> {
  const limited = await takeMessage(db, holder, destination.number);
  return limited ?? { ok: true, keep: (tx) => send(tx, holder, destination, sending) };
}

async function takeMessage(db: Db, { vault, realm: { second_factor: { resend_after, messages_per_hour } }, accountId, now }: Holder, number: string): Promise<Refused | undefined> {
  const pause = await takeTry(db, pauseOf(accountId), { limit: 1, window: resend_after }, now);
  if (!pause.allowed) return refused('pause', { seconds: pause.retryAfter });
  const hourly = { limit: messages_per_hour, window: 3600 };
  const full = [await takeTry(db, `message:${accountId}`, hourly, now), await takeTry(db, `message:${vault.mark(number)}`, hourly, now)].filter((taken) => !taken.allowed);
  return full.length === 0 ? undefined : refused('limit', { minutes: Math.ceil(Math.max(...full.map((taken) => taken.retryAfter)) / 60) });
}

async function send(tx: Db, { realm, accountId, now }: Holder, { number, purpose, message }: Destination, { means, language, portal }: Sending): Promise<boolean> {
  const code = String(randomInt(1_000_000)).padStart(6, '0');
  const t = textsFor(realm).t(language);
  const text = means === 'sms' ? t(`sms.${message}`, { code, portal }) : t('voice.code', { portal, digits: spoken(code, t('voice.digits')) });
  await sentCodes.insert(tx, { id: randomUUID(), purpose, account_id: accountId, hash: hashCode(code), max_tries: MAX_TRIES, issued_at: now, expires_at: now + realm.second_factor.code_ttl });
  await enqueue(tx, { channel: means, recipient: number, subject: '', text, code, accountId, now });
  return true;
}

/** One digit at a time, with a full stop after each: who hears it must be able to write along. */
function spoken(code: string, words: string): string {
  const names = words.split(' ');
  return [...code].map((digit) => names[Number(digit)] ?? digit).join('. ');
}

/** Seconds until another code of this purpose may be sent; 0 when it may be now. */
export async function pauseLeft(db: Db, { realm, now }: Holder, purpose: string): Promise<number> {
  const latest = await sentCodes.latest(db, purpose);
  return latest?.closed_at === null ? Math.max(0, Number(latest.issued_at) + realm.second_factor.resend_after - now) : 0;
}

/** Judges a code that was sent. The try is taken before; `keep` uses the code up. A right code ends the pause. */
export async function checkSentCode(db: Db, holder: Holder, purpose: string, typed: string): Promise<Checked> {
  const { accountId, now } = holder;
  const digits = digitsOf(typed);
  if (digits === '') return refused('required');
  if (!/^\d{6}$/.test(digits)) return refused('format');
  const wait = await takeGuess(db, holder);
  if (wait) return wait;
  const judged = await judgeCode(db, sentCodes, { ownerId: purpose, typed: digits, now });
  if (!judged.ok) return refused(judged.code, { left: judged.left });
  for (const counter of [codeGuessesOf(accountId), pauseOf(accountId)]) await forgiveTries(db, counter);
  return { ok: true, keep: (tx) => sentCodes.close(tx, judged.code.id, 'used', now) };
}
