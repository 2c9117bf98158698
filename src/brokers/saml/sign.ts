import { createHash, createPublicKey } from 'node:crypto';
import { SignedXml } from 'xml-crypto';
import { enveloped, exclusiveC14n, rsaSha256, sha256 } from './names.ts';

export type Signing = {
  /** PEM */
  key: string;
  /** content of ds:KeyInfo, already escaped */
  keyInfo: string;
  /** local name of the child after which the signature goes; absent: first */
  after?: string;
};

/** Name of a key in messages and metadata: the SHA-256 of its public half, in hexadecimal. Takes a certificate or public key (PEM). */
export function keyName(pem: string): string {
  return createHash('sha256').update(createPublicKey(pem).export({ type: 'spki', format: 'der' })).digest('hex');
}

/** Puts an enveloped signature over the root element: RSA-SHA256, exclusive canonicalization (ETD, digital signature). */
export function signXml(xml: string, signing: Signing): string {
  const signer = new SignedXml({
    privateKey: signing.key,
    signatureAlgorithm: rsaSha256,
    canonicalizationAlgorithm: exclusiveC14n,
    getKeyInfoContent: () => signing.keyInfo,
  });
  signer.addReference({ xpath: '/*', transforms: [enveloped, exclusiveC14n], digestAlgorithm: sha256 });
  const location = signing.after
    ? { reference: `/*/*[local-name(.)='${signing.after}']`, action: 'after' as const }
    : { reference: '/*', action: 'prepend' as const };
  signer.computeSignature(xml, { prefix: 'ds', location });
  return signer.getSignedXml();
}
