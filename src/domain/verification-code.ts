import { createHash, randomBytes, randomInt, timingSafeEqual } from 'node:crypto';

/** No 0, O, 1 or I: the code is read from paper and told over the telephone. 32 signs, so 50 bits in 10. */
const SIGNS = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789';
const LENGTH = 10;

/** A new code as people see it, in groups: `K7QM-4TPX-92`. */
export function newCode(length = LENGTH): string {
  const signs = Array.from({ length }, () => SIGNS[randomInt(SIGNS.length)]).join('');
  return (signs.match(/.{1,4}/g) ?? []).join('-');
}

/** What is compared of a typed code: no spaces, hyphens or dots, all in capitals. */
export function normaliseCode(typed: string): string {
  return typed.replace(/[\s.\-‐‑–—]/gu, '').toUpperCase();
}

/** Salted SHA-256, `<salt>:<digest>`: fast is enough for 50 random bits that live days and take five tries. */
export function hashCode(code: string, salt = randomBytes(16).toString('base64url')): string {
  return `${salt}:${createHash('sha256').update(`${salt}:${normaliseCode(code)}`).digest('base64url')}`;
}

/** Compares in constant time. */
export function matchesCode(typed: string, hash: string): boolean {
  const expected = Buffer.from(hash);
  const given = Buffer.from(hashCode(typed, hash.split(':')[0]));
  return expected.length === given.length && timingSafeEqual(expected, given);
}
