import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../src/config/load.ts';
import type { Realm } from '../src/config/schema.ts';
import { checkLogin } from '../src/domain/local-login.ts';
import { hashPassword } from '../src/domain/passwords/hash.ts';
import { createVault } from '../src/domain/vault.ts';
import { predicateNames } from '../src/flow/predicates.ts';
import { root } from '../src/root.ts';
import { steps } from '../src/steps/index.ts';
import { insertAccount, insertLogin, putPassword } from '../src/store/accounts.ts';
import { migrate, openDatabase, type Database } from '../src/store/database.ts';
import { median } from './figures.ts';
import { sampleOf, welch } from './welch.ts';

/**
 * Does the time of a refusal tell whether a name exists? Asks what the login page asks, of realm cak as it is shipped, without HTTP
 * around it: less noise, so a smaller difference would be seen. Known and unknown names take turns. Nothing is switched off: of
 * each name no more is tried than the throttle lets through, and addresses move on.
 */
const TRIES = 2000;
const TRIES_OF_A_NAME = 4;
const TRIES_OF_AN_ADDRESS = 500;
const LIMIT = 4.5;
const scope = '30010001';
const now = Math.floor(Date.now() / 1000);

const folder = mkdtempSync(join(tmpdir(), 'sluis-timing-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
const { realms } = loadConfig(join(root, 'config/sluis.yaml'), process.env, { knownPredicates: predicateNames, knownSteps: [...steps.keys()] });
const realm = realms.find(({ id }) => id === 'cak');
if (!realm) throw new Error('there is no realm cak');
const database = openDatabase({ file: join(folder, 'cak.sqlite') });
await migrate(database);
await people(database, realm);
process.exitCode = await measure(database, realm);
await database.close();

async function people({ db }: Database, { login }: Realm): Promise<void> {
  const hash = await hashPassword('Riet-Oever-Boot-7', login.argon2);
  for (let number = 0; number < TRIES / TRIES_OF_A_NAME; number += 1) {
    await insertAccount(db, { id: `account-${number}`, status: 'active', created_at: now, updated_at: now });
    await insertLogin(db, { scope, username: nameOf('known', number), account_id: `account-${number}` });
    await putPassword(db, { account_id: `account-${number}`, hash, changed_at: now });
  }
}

function nameOf(kind: 'known' | 'other', number: number): string {
  return `${kind}-${String(number).padStart(4, '0')}`;
}

async function measure({ db }: Database, realm: Realm): Promise<0 | 1> {
  const vault = createVault(Buffer.alloc(32, 1));
  const times: Record<'known' | 'other', number[]> = { known: [], other: [] };
  let asked = 0;
  const ask = async (kind: 'known' | 'other', number: number): Promise<number> => {
    const address = `192.0.2.${Math.floor(asked / TRIES_OF_AN_ADDRESS)}`;
    asked += 1;
    const start = performance.now();
    const { kind: answer } = await checkLogin({ db, realm, vault, now }, { relationNumber: scope, username: nameOf(kind, number), password: 'Fout-Woord-12', address });
    const took = performance.now() - start;
    if (answer !== 'wrong') throw new Error(`a wrong password was answered with ${answer}`);
    return took;
  };
  // names of their own, so that the throttle does not notice the warm-up
  for (let number = 0; number < 100; number += 1) await ask('other', 5000 + number);
  for (let count = 0; count < TRIES; count += 1) {
    const number = count % (TRIES / TRIES_OF_A_NAME);
    // who comes first changes too: the second might find something warm
    for (const kind of count % 2 === 0 ? ['known', 'other'] as const : ['other', 'known'] as const) times[kind].push(await ask(kind, number));
  }
  const t = welch(sampleOf(times.known), sampleOf(times.other));
  const met = Math.abs(t) < LIMIT;
  const said = (numbers: number[]): string => `${sampleOf(numbers).mean.toFixed(3)} ms (median ${median(numbers).toFixed(3)}, standard deviation ${Math.sqrt(sampleOf(numbers).variance).toFixed(3)})`;
  process.stdout.write(`${TRIES} refusals each\nknown names   ${said(times.known)}\nunknown names ${said(times.other)}\nWelch's t ${t.toFixed(2)}, limit ${LIMIT}: ${met ? 'met' : 'NOT MET'}\n`);
  return met ? 0 : 1;
}
