import type { SecondFactorSettings } from '../../config/accounts.ts';
import { refused, type Refused } from './holder.ts';
import { asciiDigits } from './typed.ts';

/** Digits of a number after its country's code, where that is fixed: a number of another length cannot be called. */
const lengths: Record<string, RegExp> = { '+31': /^\d{9}$/, '+32': /^\d{8,9}$/ };

/** Country codes of one and two digits; all others have three (ITU-T E.164, annex D). */
const country = /^\+(?:1|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|\d{3})/;

/**
 * A phone number as people type it (`06-1234 56 78`, `0031 6…`, `+31 (0)6…`) in the form of E.164. One without a country's
 * code is of the country that the realm allows first.
 */
export function normalisePhone(typed: string, { allowed, denied }: SecondFactorSettings['numbers']): { ok: true; number: string } | Refused {
  const text = asciiDigits(typed).replace(/\(0\)/g, '').replace(/[\s().\-‐‑–—/\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/gu, '');
  if (text === '') return refused('required');
  const params = { allowed: allowed.join(', ') };
  const number = international(text, allowed);
  const prefix = country.exec(number)?.[0] ?? '';
  if (!/^\+[1-9]\d{7,14}$/.test(number) || lengths[prefix]?.test(number.slice(prefix.length)) === false) return refused('not_dialable', params);
  if (!allowed.some((one) => number.startsWith(one)) || denied.some((one) => number.startsWith(one))) return refused('not_dialable', params);
  return { ok: true, number };
}

function international(text: string, allowed: string[]): string {
  if (text.startsWith('00')) return `+${text.slice(2)}`;
  if (!text.startsWith('0')) return text;
  return `${country.exec(allowed[0] ?? '')?.[0] ?? ''}${text.slice(1)}`;
}

/** Enough to know one's own number by: `+31 ••••••78`. */
export function maskPhone(number: string): string {
  const prefix = country.exec(number)?.[0] ?? '';
  return `${prefix} ${'•'.repeat(Math.max(0, number.length - prefix.length - 2))}${number.slice(-2)}`;
}
