import { findAccount, findLoginOf } from '../../store/accounts.ts';
import type { Db } from '../../store/schema.ts';
import { displayName } from '../names.ts';

/** What an app or a device calls an account: its login name, else its address for mail or its name. */
export async function labelOf(db: Db, accountId: string): Promise<string> {
  const [login, account] = [await findLoginOf(db, accountId), await findAccount(db, accountId)];
  return login?.username ?? account?.email ?? (account ? displayName(account) : accountId);
}
