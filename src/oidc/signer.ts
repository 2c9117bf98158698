import { createPrivateKey, createPublicKey, sign, type KeyObject } from 'node:crypto';
import { ExternalSigningKey } from 'oidc-provider';
import type { PrivateJwk } from '../keys/signing.ts';

/**
 * The keys as the provider wants them. Those for ES256 sign by themselves: the library's way, WebCrypto, hands each
 * signature to a thread and takes 2.6 times the CPU time of the signature. One takes some 50 µs, so nobody waits for it. RSA
 * takes 15 times as long and stays on the threads.
 */
export function signers({ keys }: { keys: PrivateJwk[] }): { keys: (PrivateJwk | ExternalSigningKey)[] } {
  return { keys: keys.map((key) => (key.kty === 'EC' && key.crv === 'P-256' ? new Es256Key(key) : key)) };
}

class Es256Key extends ExternalSigningKey {
  readonly #private: KeyObject;
  readonly #public: KeyObject;

  constructor(jwk: PrivateJwk) {
    super();
    // the library declares its setters read-only
    Object.assign(this, { kid: jwk.kid, alg: 'ES256' });
    this.#private = createPrivateKey({ key: jwk, format: 'jwk' });
    this.#public = createPublicKey(this.#private);
  }

  override keyObject(): KeyObject {
    return this.#public;
  }

  /** RFC 7518, section 3.4: the two numbers of the signature behind each other, not DER. */
  override sign(data: Uint8Array): Buffer {
    return sign('sha256', data, { key: this.#private, dsaEncoding: 'ieee-p1363' });
  }
}
