import type { Realm } from '../../src/config/schema.ts';
import { keepFactor } from '../../src/domain/factors/enrol.ts';
import type { Holder } from '../../src/domain/factors/holder.ts';
import { confirmPasskey } from '../../src/domain/passkeys/keep.ts';
import { creationOptions } from '../../src/domain/passkeys/options.ts';
import { siteOf } from '../../src/domain/passkeys/site.ts';
import type { Database } from '../../src/store/database.ts';
import { listPasskeys, type PasskeyRow } from '../../src/store/passkeys.ts';
import { Authenticator } from './authenticator.ts';
import { noon, vault } from './house.ts';

/** A device that works where the realm is. */
export function deviceFor(realm: Realm, how?: ConstructorParameters<typeof Authenticator>[1]): Authenticator {
  return new Authenticator(siteOf(realm).origin, how);
}

/** Sets a passkey up, as its person does. @returns its row */
export async function hasPasskey(database: Database, realm: Realm, accountId: string, device: Authenticator, now = noon - 86_400): Promise<PasskeyRow> {
  const holder: Holder = { realm, vault, accountId, now };
  const turn = `set up ${accountId} ${device.credentials.length}`;
  const made = await confirmPasskey(database.db, holder, { turn, typed: device.make(await creationOptions(database.db, holder, turn)) });
  if (!made.ok) throw new Error(made.rule);
  if (!await database.transaction((tx) => keepFactor(tx, holder, made.factor))) throw new Error('not kept');
  const credential = device.credentials.at(-1)?.id;
  const row = (await listPasskeys(database.db, accountId)).find((one) => one.credential_id === credential);
  if (!row) throw new Error('not there');
  return row;
}
