import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../src/config/load.ts';
import type { Realm } from '../src/config/schema.ts';
import { hashPassword } from '../src/domain/passwords/hash.ts';
import { predicateNames } from '../src/flow/predicates.ts';
import { root } from '../src/root.ts';
import { steps } from '../src/steps/index.ts';
import { insertAccount, insertLogin, putPassword } from '../src/store/accounts.ts';
import { migrate, openDatabase, type Database } from '../src/store/database.ts';

/** Relation number of everybody. */
export const scope = '30010001';

/** Realm cak as it is shipped, in a database of its own, and login names that it has and has not, equally long. */
export type Names = { realm: Realm; database: Database; known: string[]; unknown: string[]; close(): Promise<void> };

export async function openNames(count: number): Promise<Names> {
  const { realms } = loadConfig(join(root, 'config/sluis.yaml'), process.env, { knownPredicates: predicateNames, knownSteps: [...steps.keys()] });
  const realm = realms.find(({ id }) => id === 'cak');
  if (!realm) throw new Error('there is no realm cak');
  const folder = mkdtempSync(join(tmpdir(), 'sluis-timing-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  // also when the bench is broken off
  process.once('exit', remove);
  const database = openDatabase({ file: join(folder, 'cak.sqlite') });
  await migrate(database);
  // known ones are spread among the others, so that an index finds and misses at the same places
  const all = Array.from({ length: 2 * count }, (_, number) => `person-${String(number).padStart(5, '0')}`);
  const [known, unknown] = [all.filter((_, index) => index % 2 === 0), all.filter((_, index) => index % 2 === 1)];
  await register(database, known, await hashPassword('Riet-Oever-Boot-7', realm.login.argon2));
  return { realm, database, known, unknown, close: () => database.close() };
}

async function register({ db }: Database, names: string[], hash: string): Promise<void> {
  const now = Math.floor(Date.now() / 1000);
  for (const username of names) {
    await insertAccount(db, { id: `account-${username}`, status: 'active', created_at: now, updated_at: now });
    await insertLogin(db, { scope, username, account_id: `account-${username}` });
    await putPassword(db, { account_id: `account-${username}`, hash, changed_at: now });
  }
}
