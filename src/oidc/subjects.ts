import { createHmac } from 'node:crypto';
import type { Client } from 'oidc-provider';
import { derivedKey } from '../keys/derive.ts';

/** OIDC-NLGOV 1.0.1, 5.2.2: what kind of identifier a pairwise `sub` is. */
export const pseudonymType = 'urn:nl-eid-gdi:1.0:id:Pseudonym';

/** The `sub` of somebody at a client. The same for every client of one sector, forever: it hangs on the realm's secret, not on a key that rotates. */
export type SubjectOf = (accountId: string, client: Client) => string;

/** Pairwise subjects (OpenID Connect Core 8.1): an account id is random, and its HMAC with the sector tells nothing of it. */
export function subjectsWith(secret: Buffer): SubjectOf {
  const key = derivedKey(secret, 'pairwise subjects');
  return (accountId, client) => {
    if (client.subjectType !== 'pairwise') return accountId;
    const { sectorIdentifier } = client as Client & { sectorIdentifier?: string };
    if (!sectorIdentifier) throw new Error('a pairwise client without a sector');
    return createHmac('sha256', key).update(`${sectorIdentifier}\n${accountId}`).digest('base64url');
  };
}
