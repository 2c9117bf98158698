import type { CharacterClass, PasswordPolicy } from '../../config/accounts.ts';
import { isCommon } from './blocklist.ts';
import { LONGEST } from './hash.ts';

/** A rule, as it is shown before typing and when it is broken: `code` is the text key. */
export type PasswordRule = { code: string; params?: Record<string, string | number> };

export type Chosen = {
  password: string;
  username?: string;
  /** given name, family name and what else names the person */
  names?: string[];
  /** what everybody here would think of: names of the realm and its portals */
  words?: string[];
};

const classes: Record<CharacterClass, RegExp> = { lower: /\p{Ll}/u, upper: /\p{Lu}/u, digit: /\p{Nd}/u, punctuation: /[\p{P}\p{S}\p{Zs}]/u };

/** No keyboard gives them and no eye sees them: control characters, halves of characters, marks that turn the writing round. */
const UNSEEN = /[\p{Cc}\p{Cs}\u200E\u200F\u061C\u202A-\u202E\u2066-\u2069]/u;

const SHORTEST_PART = 3;

/** What a password of the realm must be, to show before somebody types one. */
export function rulesOf({ min_length, classes: mix, names, history, blocklist }: PasswordPolicy): PasswordRule[] {
  return [
    { code: 'new-password.short', params: { min: min_length } },
    ...(mix ? [classRule(mix)] : []),
    ...(names === 'allowed' ? [] : [{ code: `new-password.${names}` }]),
    ...(history > 0 ? [{ code: 'new-password.history', params: { count: history } }] : []),
    ...(blocklist ? [{ code: 'new-password.common' }] : []),
  ];
}

/** Every rule that a password breaks, each by name. History is not looked at here: that takes hashes. */
export function brokenRules(policy: PasswordPolicy, { password, username = '', names = [], words = [] }: Chosen): PasswordRule[] {
  const text = password.normalize('NFC');
  const length = [...text].length;
  // nothing else is worth saying of a megabyte
  if (length > LONGEST) return [{ code: 'new-password.long', params: { max: LONGEST } }];
  const { classes: mix } = policy;
  return [
    ...(UNSEEN.test(text) ? [{ code: 'new-password.characters' }] : []),
    ...(length < policy.min_length ? [{ code: 'new-password.short', params: { min: policy.min_length } }] : []),
    ...(mix && mix.of.filter((kind) => classes[kind].test(text)).length < mix.need ? [classRule(mix)] : []),
    ...(namedIn(text, policy.names, username, names) ? [{ code: `new-password.${policy.names}` }] : []),
    ...(policy.blocklist && isCommon(text, words) ? [{ code: 'new-password.common' }] : []),
  ];
}

function classRule({ of, need }: NonNullable<PasswordPolicy['classes']>): PasswordRule {
  const asked = Object.fromEntries(Object.keys(classes).map((kind) => [kind, of.some((one) => one === kind) ? 'yes' : 'no']));
  return { code: 'new-password.classes', params: { need, ...asked } };
}

function namedIn(password: string, rule: PasswordPolicy['names'], username: string, names: string[]): boolean {
  if (rule === 'allowed') return false;
  const parts = rule === 'username' ? [username] : [username, ...names].flatMap((name) => [name, ...name.split(/[^\p{L}\p{N}\p{M}]+/u)]);
  const folded = plainly(password);
  return parts.map(plainly).some((part) => part.length >= SHORTEST_PART && folded.includes(part));
}

/** Without case and accents. */
function plainly(text: string): string {
  return text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase().trim();
}
