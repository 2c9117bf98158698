import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { databaseOptions } from '../config/database.ts';
import { profiles } from '../config/profile.ts';
import type { Realm, System } from '../config/schema.ts';
import { ensureRealmKeys, listKeys, type RealmKeys } from '../keys/keys.ts';
import { checkProfile, type ProfileReport } from '../oidc/profile/check.ts';
import { steps } from '../steps/index.ts';
import { listClients } from '../store/clients.ts';
import { openDatabase } from '../store/database.ts';
import { table, UsageError, type Result } from './command.ts';

/** Holds realms against a standards profile. @throws UsageError when there is no such profile */
export async function profileOutcome(name: string, realms: Realm[], system: System): Promise<Result> {
  if (name !== 'nlgov') throw new UsageError(`there is no list of requirements called ${name}: use nlgov`);
  const reports: ProfileReport[] = [];
  for (const realm of realms) reports.push(await checkProfile({ realm, system, steps, keys: await keysOf(realm, system), registered: await registeredClients(realm, system) }));
  const refused = reports.some(({ broken }) => broken.length > 0);
  return { data: { ok: !refused, profile: name, realms: reports }, text: reports.map(textOf).join('\n\n'), refused };
}

function textOf({ realm, results, broken }: ProfileReport): string {
  const count = (state: string): number => results.filter((result) => result.state === state).length;
  return [
    `${realm}: met ${count('met')}, not applicable ${count('not applicable')}, deviation ${count('deviation')}, not met ${count('not met')}`,
    table([['row', 'level', 'state', 'requirement', 'note'], ...results.map(({ id, level, state, asks, note }) => [id, level, state, asks, note])]),
    broken.length === 0 ? 'every MUST is met, does not apply, or is a documented deviation' : `broken: ${broken.join(', ')}`,
  ].join('\n');
}

/** The keys of the realm; a realm that never started has none yet, and a check makes none. */
async function keysOf(realm: Realm, { keys, demo }: System): Promise<RealmKeys> {
  const options = { demo, rsaBits: profiles[realm.profile].rsaBits };
  if (listKeys(keys, realm.id, options).length > 0) return ensureRealmKeys(keys, realm.id, options);
  const folder = mkdtempSync(join(tmpdir(), 'sluis-profile-'));
  try {
    return await ensureRealmKeys(folder, realm.id, options);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function registeredClients(realm: Realm, system: System): Promise<{ client_id: string }[]> {
  const options = databaseOptions(system, realm.id);
  // opening would make an empty file
  if ('file' in options && !existsSync(options.file)) return [];
  const database = openDatabase(options);
  try {
    return (await listClients(database.db)).map(({ client_id, metadata }) => ({ ...JSON.parse(metadata) as object, client_id }));
  } finally {
    await database.close();
  }
}
