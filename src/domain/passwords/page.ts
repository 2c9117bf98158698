import type { Realm } from '../../config/schema.ts';
import { findLoginOf } from '../../store/accounts.ts';
import type { Db } from '../../store/schema.ts';
import { rulesOf, type PasswordRule } from './policy.ts';

/** What the form for a new password shows: the rules, and the name under which a password manager keeps it. */
export async function newPasswordPage(db: Db, realm: Pick<Realm, 'password'>, accountId: string): Promise<{ rules: PasswordRule[]; username: string }> {
  return { rules: rulesOf(realm.password), username: (await findLoginOf(db, accountId))?.username ?? '' };
}
