import { hashPassword } from '../../src/domain/passwords/hash.ts';
import type { Realm } from '../../src/config/schema.ts';
import { insertLogin, putPassword, updateAccount } from '../../src/store/accounts.ts';
import type { Database } from '../../src/store/database.ts';
import { noon } from './house.ts';
import { aMembership, anAccount } from './rows.ts';

/** The fastest that is allowed: tests hash a lot. */
export const fastHash = { memory_kib: 8192, passes: 1, lanes: 1 };

/** Somebody with a local account and a membership in an organisation that is there; their name is `Anna de Vries`. */
export async function localAccount(database: Database, realm: Realm, id: string, organisationId: string): Promise<void> {
  const { db } = database;
  await anAccount(db, id, { given_name: 'Anna', family_name: 'Vries', email: `${id}@zorg.example` });
  await updateAccount(db, id, { infix: 'de', salutation: 'mevrouw', language: realm.languages[0] ?? 'nl' });
  await insertLogin(db, { scope: '', username: id, account_id: id });
  await putPassword(db, { account_id: id, hash: await hashPassword('Sluispoort-14-augustus', fastHash), changed_at: noon, one_time: 0 });
  await aMembership(db, `m-${id}`, id, organisationId, { status: 'active' });
}
