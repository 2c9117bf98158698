import { createHash } from 'node:crypto';

/**
 * The user handle (WebAuthn Level 3, 14.6.1), base64url: what an authenticator keeps to know whose passkey it is. It says nothing about
 * the person, and hangs on no key that may be lost.
 */
export function handleOf(accountId: string): string {
  return createHash('sha256').update(`webauthn user:${accountId}`).digest('base64url');
}
