import type { Realm } from '../../config/schema.ts';

/** What passkeys are bound to: host name (RP ID) and origin of the issuer (WebAuthn Level 3, 5.1.2). Realms on one host share them. */
export type Site = { rpId: string; origin: string };

export function siteOf({ issuer }: Pick<Realm, 'issuer'>): Site {
  const { hostname, origin } = new URL(issuer);
  return { rpId: hostname, origin };
}
