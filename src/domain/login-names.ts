import { createHash } from 'node:crypto';
import type { Realm } from '../config/schema.ts';
import type { TypedNames } from '../store/logins.ts';
import { UNWANTED } from './names.ts';

type Identifier = Realm['login']['identifiers'][number];
/** What somebody typed to say who they are, by the field it was typed in. */
export type LoginFields = Partial<Record<Identifier, string>>;

/** Characters of a name. */
const LONGEST = 256;

/** Fields that the realm asks and that are empty, or hold what no keyboard gives; as problems of a form. */
export function nameProblems({ login: { identifiers } }: Pick<Realm, 'login'>, typed: LoginFields): { field: Identifier; code: string }[] {
  return identifiers.flatMap((field) => {
    const text = typed[field] ?? '';
    if (text.trim() === '') return [{ field, code: `password.${field}.required` }];
    return text.length > LONGEST || UNWANTED.test(text) ? [{ field, code: 'input.unreadable' }] : [];
  });
}

/** The names as they are looked for, without what people put round and between them. What the realm does not ask is left out. */
export function readNames({ login: { identifiers } }: Pick<Realm, 'login'>, { relation_number = '', username = '', email = '' }: LoginFields): TypedNames {
  return {
    scope: identifiers.includes('relation_number') ? relation_number.replace(/[\s.-]/g, '') : '',
    ...(identifiers.includes('username') && { username: username.trim().normalize('NFC') }),
    ...(identifiers.includes('email') && { email: email.trim().normalize('NFC') }),
  };
}

/** What stands for an account in the counters of names that nobody has: they are slowed down as those of others are. */
export function nobodyCalled(names: TypedNames): string {
  return createHash('sha256').update(JSON.stringify(names).toLowerCase()).digest('base64url');
}
