import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { IntlMessageFormat } from 'intl-messageformat';
import type { Realm } from '../config/schema.ts';
import { root } from '../root.ts';
import { renderChunk, tagsOf } from './rich.ts';

export type Params = Record<string, string | number>;
export type Translate = (key: string, params?: Params) => string;
/** `tags` says where each named tag of the text (`<link>…</link>`) leads to; `<b>` needs no mention. The result is safe HTML. */
export type Rich = (key: string, tags: Record<string, { href: string }>, params?: Params) => string;
export type Texts = { t(language: string): Translate; rich(language: string): Rich; has(language: string, key: string): boolean };

/** The language that every text exists in, and to which a missing one falls back. */
const fallback = 'nl';
const catalogues = new Map<string, Record<string, string>>();
const known = new WeakMap<object, Texts>();
const missed = new Set<string>();

/**
 * The texts of a realm: its own overrides on top of the catalogue, per language. The answer is kept with the realm object.
 */
export function textsFor(realm: Pick<Realm, 'id' | 'languages' | 'texts'>): Texts {
  const present = known.get(realm);
  if (present) return present;
  const texts = createTexts(realm);
  known.set(realm, texts);
  return texts;
}

/** Every text of a language: config/locales and the steps' own, keys flat. Throws when a key is said twice. */
export function catalogue(language: string): Record<string, string> {
  const present = catalogues.get(language);
  if (present) return present;
  const all: Record<string, string> = {};
  for (const file of textFiles(language)) {
    for (const [key, text] of Object.entries(JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>)) {
      if (Object.hasOwn(all, key)) throw new Error(`text ${key} (${language}) is in two files, the second is ${file}`);
      all[key] = text;
    }
  }
  catalogues.set(language, all);
  return all;
}

function textFiles(language: string): string[] {
  const shared = join(root, 'config/locales', language);
  const steps = join(root, 'src/steps');
  const ofSteps = entries(steps).map((step) => join(steps, step, 'texts')).filter((folder) => entries(folder).includes(`${language}.json`));
  return [...entries(shared).map((file) => join(shared, file)), ...ofSteps.map((folder) => join(folder, `${language}.json`))];
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function createTexts(realm: Pick<Realm, 'id' | 'languages' | 'texts'>): Texts {
  const formats = new Map<string, IntlMessageFormat>();
  // the language decides before the realm does: a Dutch override must not hide an English text
  const own = (language: string, key: string) => realm.texts[language]?.[key] ?? catalogue(language)[key];
  const formatOf = (language: string, key: string): IntlMessageFormat | undefined => {
    const name = `${language} ${key}`;
    const text = formats.has(name) ? undefined : own(language, key);
    if (text !== undefined) formats.set(name, new IntlMessageFormat(text, language));
    return formats.get(name);
  };
  const find = (language: string, key: string) => formatOf(language, key) ?? (miss(realm.id, language, key), formatOf(fallback, key));
  return {
    t: (language) => (key, params) => String(find(language, key)?.format(params ?? {}) ?? key),
    rich: (language) => (key, tags, params) => {
      const parts = find(language, key)?.format({ ...params, ...tagsOf(tags) }) ?? key;
      return renderChunk(parts);
    },
    has: (language, key) => own(language, key) !== undefined,
  };
}

/** Says once that a text is missing; a test must not pass over it. */
function miss(realm: string, language: string, key: string): void {
  const name = `text ${key} is missing in ${language} (realm ${realm})`;
  if (process.env['NODE_ENV'] === 'test') throw new Error(name);
  if (missed.has(name)) return;
  missed.add(name);
  process.emitWarning(name);
}
