/** What people type as a number: full-width and other digits of Unicode become ASCII, spaces and hyphens fall away. */
export function digitsOf(typed: string): string {
  return asciiDigits(typed).replace(/[\s.\-‐‑–—\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/gu, '');
}

/** Digits of every script as 0 to 9; the rest in its compatible form (NFKC). */
export function asciiDigits(typed: string): string {
  return typed.normalize('NFKC').replace(/\p{Nd}/gu, (digit) => String(valueOf(digit.codePointAt(0) ?? 0)));
}

/** Unicode keeps the ten digits of a script together, in order from zero (chapter 4.6). */
function valueOf(point: number): number {
  let first = point;
  while (/^\p{Nd}$/u.test(String.fromCodePoint(first - 1))) first -= 1;
  return (point - first) % 10;
}
