import { createPrivateKey, randomBytes, webcrypto, X509Certificate } from 'node:crypto';

const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', publicExponent: new Uint8Array([1, 0, 1]), modulusLength: 2048 };
const day = 86_400_000;

export type KeyPair = { key: string; cert: string };

/**
 * A new RSA key with a self-signed certificate, both PEM. SAML partners know the certificate itself, so nobody needs to
 * have signed it; it holds for five years from yesterday, for clocks that are a little behind.
 */
export async function newKeyPair(commonName: string, now: number): Promise<KeyPair> {
  // needed once in the life of an installation, and a twentieth of what a start loads
  await import('reflect-metadata');
  const { X509CertificateGenerator } = await import('@peculiar/x509');
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    // 63 bits: a positive number, whatever the bytes
    serialNumber: `01${randomBytes(7).toString('hex')}`,
    name: [{ CN: [commonName] }],
    notBefore: new Date(now * 1000 - day),
    notAfter: new Date(now * 1000 + 5 * 365 * day),
    signingAlgorithm: algorithm,
    keys,
  }, webcrypto as never);
  const der = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  const key = createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' }).export({ format: 'pem', type: 'pkcs8' });
  return { key: key.toString(), cert: new X509Certificate(Buffer.from(certificate.rawData)).toString() };
}

/** Takes key and certificate out of one PEM text. @returns undefined when one is missing or they do not belong together */
export function readKeyPair(pem: string): KeyPair | undefined {
  const block = (label: RegExp): string | undefined => new RegExp(`-----BEGIN ${label.source}-----[\\s\\S]+?-----END ${label.source}-----`).exec(pem)?.[0];
  const key = block(/(?:RSA )?PRIVATE KEY/);
  const cert = block(/CERTIFICATE/);
  try {
    if (!key || !cert || !new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) return undefined;
  } catch {
    return undefined;
  }
  return { key: `${key}\n`, cert: `${cert}\n` };
}
