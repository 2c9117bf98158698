import { hkdfSync } from 'node:crypto';

/** A 32-byte key for one purpose out of the realm's secret (RFC 5869): knowing one tells nothing of another. */
export function derivedKey(secret: Buffer, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', `sluis ${purpose}`, 32));
}
