import type { Vault } from '../vault.ts';

/**
 * The user handle (WebAuthn Level 3, 14.6.1), base64url: what an authenticator keeps to know whose passkey it is. It says nothing about
 * the person, and another realm has another one for another person.
 */
export function handleOf(vault: Pick<Vault, 'mark'>, accountId: string): string {
  return vault.mark(`webauthn user:${accountId}`);
}
