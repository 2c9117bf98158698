import { randomInt } from 'node:crypto';

const lifetime = 600;
const tries = 5;

export type SentCode = { code: string; sentAt: number; left: number; channel: 'sms' | 'voice' };

export type CodeResult = { ok: true } | { ok: false; problem: 'code.required' | 'code.wrong' | 'code.expired' | 'code.dead'; left: number };

/** A new code of six digits, good for ten minutes and five tries. `now` in epoch seconds. */
export function newCode(channel: SentCode['channel'], now: number): SentCode {
  return { code: String(randomInt(1_000_000)).padStart(6, '0'), sentAt: now, left: tries, channel };
}

/** Compares what was typed, without spaces and hyphens. Each wrong code takes a try; `sent` is changed. */
export function tryCode(sent: SentCode, typed: string, now: number): CodeResult {
  const digits = typed.replace(/[\s.-]/g, '');
  if (digits === '') return { ok: false, problem: 'code.required', left: sent.left };
  if (now - sent.sentAt > lifetime) return { ok: false, problem: 'code.expired', left: sent.left };
  if (sent.left <= 0) return { ok: false, problem: 'code.dead', left: 0 };
  sent.left -= 1;
  if (digits === sent.code) return { ok: true };
  return { ok: false, problem: sent.left === 0 ? 'code.dead' : 'code.wrong', left: sent.left };
}
