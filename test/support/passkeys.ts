import type { Realm } from '../../src/config/schema.ts';
import { keepFactor } from '../../src/domain/factors/enrol.ts';
import type { Holder } from '../../src/domain/factors/holder.ts';
import { confirmPasskey } from '../../src/domain/passkeys/keep.ts';
import { creationOptions } from '../../src/domain/passkeys/options.ts';
import { siteOf } from '../../src/domain/passkeys/site.ts';
import type { Database } from '../../src/store/database.ts';
import { listPasskeys, type PasskeyRow } from '../../src/store/passkeys.ts';
import { Authenticator } from './authenticator.ts';
import { realmWith } from './flow.ts';
import { exampleRealm, noon, vault } from './house.ts';

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

/** A passkey is enough for the level of two factors; a password needs a second one, of whatever kind. */
const levels: Realm['levels'] = [
  { id: 'password', label: '1', acr: 'urn:one' },
  { id: 'two-factor', label: '2', acr: 'urn:two', factors: [['passkey'], ['password', 'totp'], ['password', 'sms'], ['password', 'recovery']] },
];

/**
 * A realm whose flow asks a second factor of everybody, as realm cak does, and of which passkeys are one.
 * @param first the step that shows a password; `password` takes a passkey in its place where `login.passkeys` says so
 */
export function passkeyRealm(first: 'shows' | 'password' = 'shows', changes: Partial<Realm> = {}): Realm {
  const { login, second_factor } = exampleRealm();
  return realmWith([
    first === 'shows' ? 'shows' : { step: 'password', with: { level: 'password' } },
    { id: 'account', step: 'require', with: { that: 'account_active', else: 'account_inactive' } },
    ...(first === 'shows' ? [] : ['new-password']),
    'second-factor',
    { step: 'recovery-code', when: ['chose_recovery'] },
    { step: 'passkey', when: ['passkey_enrolled'], unless: ['chose_recovery', 'chose_totp', 'chose_sms'] },
    { step: 'totp', when: ['totp_enrolled'], unless: ['chose_recovery', 'chose_passkey', 'chose_sms'] },
    { step: 'sms-code', when: ['sms_enrolled'], unless: ['chose_recovery', 'chose_passkey', 'chose_totp'] },
    { id: 'level', step: 'require', with: { that: 'level_reached', else: 'level_too_low' } },
  ], {
    ensure: ['identified', 'level_reached', 'account_active', 'factor_enrolled', ...(first === 'shows' ? [] : ['password_current'])], portal: { level: 'two-factor' },
    realm: { second_factor: { ...second_factor, methods: ['passkey', 'totp', 'sms'] }, login: { ...login, passkeys: first === 'password' }, ...changes, levels },
  });
}
