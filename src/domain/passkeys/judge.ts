import { generateKeyPairSync } from 'node:crypto';
import type { PasskeyRow } from '../../store/passkeys.ts';
import type { Holder } from '../factors/holder.ts';
import { isChallenge } from './challenge.ts';
import { handleOf } from './handle.ts';
import { readClientData, type Assertion } from './message.ts';
import { siteOf, type Site } from './site.ts';
import { webauthn } from './webauthn.ts';

/**
 * Why a passkey was not taken, for the audit trail. `challenge`: of another turn, or too old; `foreign`: of another account than the one
 * that is logging in; `handle`: it does not say whose it is, or says another; `cloned`: its counter did not rise.
 */
export type Why = 'unreadable' | 'unknown' | 'challenge' | 'origin' | 'signature' | 'handle' | 'foreign' | 'blocked' | 'cloned';

/** What was signed, and by which passkey as far as it is known. `accountId`: whose it must be; without it, it must say so itself. */
export type Shown = { assertion: Assertion; row: PasskeyRow | undefined; turn: string; accountId?: string };

export type Judged = { ok: true; row: PasskeyRow; counter: number; backedUp: boolean } | { ok: false; why: Why; counter?: number };

/**
 * Verifies an assertion (WebAuthn Level 3, 7.2). Nothing is said of whose passkey it is, that it is blocked or that its counter went back
 * before the signature is right: nobody but its holder can have it blocked, and an unknown one costs as much as a known one.
 */
export async function judgeAssertion({ realm, vault, now }: Pick<Holder, 'realm' | 'vault' | 'now'>, { assertion, row, turn, accountId }: Shown): Promise<Judged> {
  const site = siteOf(realm);
  const data = readClientData(assertion.response.clientDataJSON);
  if (!data || !isChallenge(vault, turn, now, data.challenge)) return { ok: false, why: 'challenge' };
  if (data.origin !== site.origin || data.crossOrigin === true) return { ok: false, why: 'origin' };
  const signed = await verified(site, data.challenge, assertion, row?.public_key ?? decoy());
  if (!row) return { ok: false, why: 'unknown' };
  if (!signed) return { ok: false, why: 'signature' };
  const handle = assertion.response.userHandle ?? undefined;
  if (handle === undefined ? accountId === undefined : handle !== handleOf(row.account_id)) return { ok: false, why: 'handle' };
  if (accountId !== undefined && row.account_id !== accountId) return { ok: false, why: 'foreign' };
  if (row.blocked_at !== null) return { ok: false, why: 'blocked' };
  const { counter, backedUp } = signed;
  // one that does not count says 0 each time, as those do that are copied between devices
  if (counter <= row.counter && (counter > 0 || row.counter > 0)) return { ok: false, why: 'cloned', counter };
  return { ok: true, row, counter, backedUp };
}

/** Type, challenge, origin, RP ID, presence, verification of the person, signature. */
async function verified({ rpId, origin }: Site, challenge: string, { id, rawId, type, response }: Assertion, publicKey: string): Promise<{ counter: number; backedUp: boolean } | undefined> {
  const { userHandle, ...rest } = response;
  const library = await webauthn();
  try {
    const answer = await library.verifyAuthenticationResponse({
      response: { id, rawId, type, response: { ...rest, ...(userHandle && { userHandle }) }, clientExtensionResults: {} },
      expectedChallenge: challenge, expectedOrigin: origin, expectedRPID: rpId, requireUserVerification: true,
      // the library looks at the counter before the signature: anybody could make it go back
      credential: { id, publicKey: new Uint8Array(Buffer.from(publicKey, 'base64url')), counter: 0 },
    });
    return answer.verified ? { counter: answer.authenticationInfo.newCounter, backedUp: answer.authenticationInfo.credentialBackedUp } : undefined;
  } catch {
    // whatever the library finds wrong it throws
    return undefined;
  }
}

let made: string | undefined;

/** The public half of a key that nobody has, as COSE_Key. */
function decoy(): string {
  if (made !== undefined) return made;
  const { x = '', y = '' } = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' });
  const part = (label: string, text: string): Buffer => Buffer.concat([Buffer.from(label, 'hex'), Buffer.from(text, 'base64url')]);
  // {1: 2 (EC2), 3: -7 (ES256), -1: 1 (P-256), -2: x, -3: y}
  return made = Buffer.concat([part('a5010203262001215820', x), part('225820', y)]).toString('base64url');
}
