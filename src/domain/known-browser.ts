import { createHash } from 'node:crypto';
import type { Vault } from './vault.ts';

const ABOUT = 'known browser';

/** What a browser keeps after somebody logged in with it: that it was this person, unreadable and not to be made by others. */
export function markBrowser(vault: Vault, accountId: string): string {
  return vault.seal(accountId, ABOUT);
}

/**
 * Did this person log in with this browser before? Then their tries have a counter of their own, and nobody who guesses
 * elsewhere can keep them out.
 * @returns a name for the browser; undefined when it is not known, or known as somebody else's
 */
export function knownBrowser(vault: Vault, mark: string | undefined, accountId: string): string | undefined {
  if (mark === undefined) return undefined;
  try {
    return vault.open(mark, ABOUT) === accountId ? createHash('sha256').update(mark).digest('base64url').slice(0, 22) : undefined;
  } catch {
    // sealed with a key of earlier, or by nobody
    return undefined;
  }
}
