import type { PublicKeyCredentialCreationOptionsJSON, PublicKeyCredentialRequestOptionsJSON } from '@simplewebauthn/server';
import { findAccount } from '../../store/accounts.ts';
import { listPasskeys, type PasskeyRow } from '../../store/passkeys.ts';
import type { Db } from '../../store/schema.ts';
import { labelOf } from '../factors/label.ts';
import type { Holder } from '../factors/holder.ts';
import { displayName } from '../names.ts';
import { challengeFor } from './challenge.ts';
import { handleOf } from './handle.ts';
import { siteOf } from './site.ts';
import { webauthn } from './webauthn.ts';

export type CreationOptions = PublicKeyCredentialCreationOptionsJSON;
export type RequestOptions = PublicKeyCredentialRequestOptionsJSON;

/** Milliseconds that a browser gives its person. */
const TIMEOUT = 300_000;

/** COSE names of the signatures that are taken: ES256, EdDSA, RS256. */
export const algorithms = [-7, -8, -257];

/**
 * What a browser needs to make a passkey. The device must know its person (PIN, finger, face), and find the passkey by itself where
 * it may be all that is asked. Nobody is asked which make the device is.
 */
export async function creationOptions(db: Db, { realm, vault, accountId, now }: Holder, turn: string): Promise<CreationOptions> {
  const [account, own] = [await findAccount(db, accountId), await listPasskeys(db, accountId)];
  return (await webauthn()).generateRegistrationOptions({
    rpName: realm.name, rpID: siteOf(realm).rpId,
    userID: bytesOf(handleOf(accountId)), userName: await labelOf(db, accountId), userDisplayName: account ? displayName(account) : '',
    challenge: bytesOf(challengeFor(vault, turn, now)), timeout: TIMEOUT, attestationType: 'none', supportedAlgorithmIDs: algorithms,
    // one that is blocked is made anew on the same device
    excludeCredentials: own.filter(({ blocked_at }) => blocked_at === null).map(describe),
    authenticatorSelection: { residentKey: realm.login.passkeys ? 'required' : 'preferred', userVerification: 'required' },
  });
}

/** What a browser needs to show a passkey: one of these, or without them whichever the person chooses. */
export async function requestOptions({ realm, vault, now }: Pick<Holder, 'realm' | 'vault' | 'now'>, turn: string, passkeys: PasskeyRow[] = []): Promise<RequestOptions> {
  return (await webauthn()).generateAuthenticationOptions({
    rpID: siteOf(realm).rpId, challenge: bytesOf(challengeFor(vault, turn, now)), timeout: TIMEOUT, userVerification: 'required',
    ...(passkeys.length > 0 && { allowCredentials: passkeys.map(describe) }),
  });
}

function describe({ credential_id: id, transports }: PasskeyRow) {
  return { id, transports: JSON.parse(transports) as ('internal' | 'usb')[] };
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(text, 'base64url'));
}
