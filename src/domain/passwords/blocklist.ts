import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../root.ts';
import { mayHave } from './bloom.ts';

let filter: Uint8Array | undefined;

/** Made by tools/blocklist.mjs; read when it is first needed. */
function common(): Uint8Array {
  return filter ??= readFileSync(join(root, 'src/domain/passwords/common.bloom'));
}

/** Letters that people write as digits and signs. */
const disguises: Record<string, string> = { 0: 'o', 1: 'i', 3: 'e', 4: 'a', 5: 's', 7: 't', '@': 'a', $: 's', '!': 'i', '€': 'e' };

/** Fewer letters than these are no word. */
const SHORTEST = 4;

/**
 * Is it a common or breached password, one of `words` (names of the realm and its portals), or such a one with digits and
 * signs around it, twice, or with digits for letters?
 */
export function isCommon(password: string, words: readonly string[] = []): boolean {
  const own = new Set(words.map((word) => word.normalize('NFC').toLowerCase().replace(/\s/gu, '')));
  const text = password.normalize('NFC').toLowerCase().trim();
  if (onceOf(text) !== text && onceOf(text).length < SHORTEST) return true;
  return variantsOf(text).some((variant) => own.has(variant) || mayHave(common(), variant));
}

function variantsOf(password: string): string[] {
  const joined = password.replace(/\s/gu, '');
  const bare = [password, joined, bareOf(joined)].flatMap((text) => [text, onceOf(text)]);
  const shown = bare.flatMap((text) => [text, [...text].map((sign) => disguises[sign] ?? sign).join('')]);
  return [...new Set([...shown, ...shown.map(bareOf)])].filter((text) => text.length >= SHORTEST);
}

/** Without digits and signs before and after it: Welkom2026! is welkom. */
function bareOf(text: string): string {
  return text.replace(/^[^\p{L}]+/u, '').replace(/[^\p{L}]+$/u, '');
}

/** Said twice or more is as easy to guess as once. */
function onceOf(text: string): string {
  return /^(.+?)\1+$/su.exec(text)?.[1] ?? text;
}
