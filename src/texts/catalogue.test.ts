import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { IntlMessageFormat } from 'intl-messageformat';
import { root } from '../root.ts';
import { catalogue, textsFor } from './catalogue.ts';

const languages = ['nl', 'en'];

describe('catalogue', () => {
  test('every language has the same keys', () => {
    expect(Object.keys(catalogue('en')).toSorted()).toEqual(Object.keys(catalogue('nl')).toSorted());
  });

  test('a text has the same parameters and tags in every language', () => {
    const different = Object.keys(catalogue('nl')).filter((key) => variables('nl', key).join() !== variables('en', key).join());
    expect(different).toEqual([]);
  });

  test.each(languages)('%s never gives a tag the name of a parameter: one would fill the other', (language) => {
    const doubled = Object.entries(catalogue(language)).filter(([, text]) => [...text.matchAll(/<(\w+)>/g)].some((tag) => text.includes(`{${tag[1]}`)));
    expect(doubled).toEqual([]);
  });

  test.each(languages)('%s has no ASCII apostrophe: it is the escape of ICU and would eat parameters', (language) => {
    expect(Object.entries(catalogue(language)).filter(([, text]) => text.includes('\''))).toEqual([]);
  });

  test('every key that a view names exists', () => {
    const named = views().flatMap((file) => [...readFileSync(file, 'utf8').matchAll(/\b(?:t|rich)\(\s*'([^']+)'\s*(?=[,)])/g)].map((match) => match[1] ?? ''));
    expect(named.length).toBeGreaterThan(50);
    expect(named.filter((key) => !Object.hasOwn(catalogue('nl'), key))).toEqual([]);
  });

  test.each(['end', 'error'])('every %s page has its texts', (kind) => {
    const codes = new Set(Object.keys(catalogue('nl')).filter((key) => key.startsWith(`${kind}.`)).map((key) => key.split('.')[1] ?? ''));
    const parts = kind === 'end' ? ['title', 'body', 'do', 'action'] : ['title', 'body'];
    const missing = [...codes].flatMap((code) => parts.map((part) => `${kind}.${code}.${part}`)).filter((key) => !Object.hasOwn(catalogue('nl'), key));
    expect(missing).toEqual([]);
  });

  test('Dutch mails are short of sentence (B1)', () => {
    const mails = Object.entries(catalogue('nl')).filter(([key]) => key.startsWith('mail.'));
    // each branch of a choice is a sentence of its own
    const lengths = mails.flatMap(([, text]) => text.replaceAll(/[=\w]+ \{(?=[A-Z])/g, '. ').split(/[.?!:]\s+/).map((sentence) => sentence.trim().split(/\s+/).length));
    expect(Math.max(...lengths)).toBeLessThanOrEqual(20);
  });
});

describe('textsFor', () => {
  const realm = { id: 'r', languages: ['nl', 'en'] as ('nl' | 'en')[], texts: { nl: { 'common.cancel': 'Stop', 'own.rich': 'Zie <link>{what}</link> & <b>meer</b>' } } };

  test('a realm says it in its own words, in that language only', () => {
    const texts = textsFor(realm);
    expect(texts.t('nl')('common.cancel')).toBe('Stop');
    expect(texts.t('en')('common.cancel')).toBe('Cancel');
    expect(textsFor(realm)).toBe(texts);
  });

  test('plurals and parameters', () => {
    const t = textsFor(realm).t('nl');
    expect(t('common.error.summary', { count: 1 })).toContain('dit veld');
    expect(t('common.error.summary', { count: 3 })).toContain('deze 3 velden');
    expect(() => t('common.step', { n: 1 })).toThrow();
  });

  test('rich text escapes what it is given, and links nowhere dangerous', () => {
    const rich = textsFor(realm).rich('nl');
    const html = rich('own.rich', { link: { href: 'https://x.example/?a=1&b="2"' } }, { what: '<script>' });
    expect(html).toContain('href="https://x.example/?a=1&amp;b=&quot;2&quot;">&lt;script&gt;</a> &amp; <strong>meer</strong>');
    expect(rich('own.rich', { link: { href: 'javascript:alert(1)' } }, { what: 'x' })).toContain('href="#"');
  });

  test('a text that is missing is an error in a test', () => {
    expect(() => textsFor(realm).t('en')('no.such.text')).toThrow('no.such.text');
    expect(textsFor(realm).has('en', 'no.such.text')).toBe(false);
  });
});

/** Names of parameters and tags, and how each is used, without the order in which a language puts them. */
function variables(language: string, key: string): string[] {
  const found = new Set<string>();
  const walk = (node: unknown): void => {
    if (Array.isArray(node)) return node.forEach(walk);
    if (typeof node !== 'object' || node === null) return undefined;
    const { type, value, options, children } = node as { type: number; value?: string; options?: Record<string, { value: unknown }>; children?: unknown };
    // 1 argument, 2 to 4 number, date, time, 5 select, 6 plural, 8 tag
    if ([1, 2, 3, 4, 5, 6, 8].includes(type)) found.add(String(value));
    Object.values(options ?? {}).forEach((option) => walk(option.value));
    return walk(children);
  };
  walk(new IntlMessageFormat(catalogue(language)[key] ?? '', language).getAst());
  return [...found].toSorted();
}

function views(): string[] {
  return [join(root, 'views'), join(root, 'src/steps')].flatMap((folder) => readdirSync(folder, { recursive: true })
    .map((file) => join(folder, String(file))).filter((file) => file.endsWith('.ejs')));
}
