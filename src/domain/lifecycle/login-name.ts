import type { Realm } from '../../config/schema.ts';
import { findAccount, findLogin, removeLogin } from '../../store/accounts.ts';
import type { Db } from '../../store/schema.ts';
import { statusesForGood } from './ended.ts';

/**
 * Whether a login name can be given to somebody. An account that ended for good lets go of it: its person may have come back
 * and get a new account (row CIZ-5).
 */
export async function freeLogin(tx: Db, realm: Pick<Realm, 'lifecycle'>, scope: string, username: string): Promise<boolean> {
  const login = await findLogin(tx, scope, username);
  if (!login) return true;
  const owner = await findAccount(tx, login.account_id);
  if (owner && !statusesForGood(realm).includes(owner.status)) return false;
  await removeLogin(tx, scope, username);
  return true;
}
