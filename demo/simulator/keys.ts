import 'reflect-metadata';
import { createPrivateKey, randomBytes, webcrypto, X509Certificate } from 'node:crypto';
import { X509CertificateGenerator } from '@peculiar/x509';
import { readKeyFile, writeKeyFile } from '../keyfiles.ts';

const rsa = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', publicExponent: new Uint8Array([1, 0, 1]), modulusLength: 2048 };
const day = 86_400_000;

export type SimulatorKeys = { key: string; certificate: string };

/** The key that signs assertions and its certificate, both PEM; made at the first start in `<keys>/demo`. */
export async function simulatorKeys(keys: string): Promise<SimulatorKeys> {
  const key = readKeyFile(keys, 'simulator.key');
  const certificate = readKeyFile(keys, 'simulator.crt');
  if (key && certificate && new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key))) return { key, certificate };
  const made = await newSimulatorKeys();
  writeKeyFile(keys, 'simulator.key', made.key);
  writeKeyFile(keys, 'simulator.crt', made.certificate);
  return made;
}

/** A new RSA key with a self-signed certificate that holds from yesterday, so that a clock a little behind does not matter. */
export async function newSimulatorKeys(): Promise<SimulatorKeys> {
  const pair = await webcrypto.subtle.generateKey(rsa, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: `01${randomBytes(7).toString('hex')}`,
    name: [{ CN: ['Sluis demo simulator'] }],
    notBefore: new Date(Date.now() - day),
    notAfter: new Date(Date.now() + 3650 * day),
    signingAlgorithm: rsa,
    keys: pair,
  }, webcrypto as never);
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', pair.privateKey));
  return {
    key: createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }).export({ format: 'pem', type: 'pkcs8' }).toString(),
    certificate: new X509Certificate(Buffer.from(certificate.rawData)).toString(),
  };
}
