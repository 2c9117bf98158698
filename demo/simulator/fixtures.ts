import { createSign, randomBytes } from 'node:crypto';
import { deflateRawSync } from 'node:zlib';
import { SignedXml } from 'xml-crypto';
import { newSimulatorKeys } from './keys.ts';
import type { ServiceProvider } from './provider.ts';
import { algorithms, ns } from './xml.ts';

/** A service provider for tests: its key, its metadata as the simulator reads it, and requests that it signs. */
const keys = await newSimulatorKeys();

export const acsUrl = 'http://sp.example/saml/acs';
export const provider: ServiceProvider = {
  entityId: 'http://sp.example/saml/metadata',
  certificates: [keys.certificate],
  consumers: [acsUrl],
  services: { 1: { name: 'Knooppuntdiensten', serviceId: 'urn:etoegang:DV:00000001999900900000:services:1' } },
};

export type Asked = { id?: string; destination: string; acs?: string; issuer?: string; minimum?: string };

export function requestXml({ id = `_${randomBytes(8).toString('hex')}`, destination, acs = acsUrl, issuer = provider.entityId, minimum = 'loa3' }: Asked): string {
  return `<samlp:AuthnRequest xmlns:samlp="${ns.protocol}" xmlns:saml="${ns.assertion}" ID="${id}" Version="2.0" IssueInstant="${new Date().toISOString()}"`
    + ` Destination="${destination}" AssertionConsumerServiceURL="${acs}" ForceAuthn="true" AttributeConsumingServiceIndex="1"><saml:Issuer>${issuer}</saml:Issuer>`
    + `<samlp:RequestedAuthnContext Comparison="minimum"><saml:AuthnContextClassRef>urn:etoegang:core:assurance-class:${minimum}</saml:AuthnContextClassRef>`
    + '</samlp:RequestedAuthnContext></samlp:AuthnRequest>';
}

export function signed(xml: string, key: string = keys.key): string {
  const signer = new SignedXml({ privateKey: key, signatureAlgorithm: algorithms.rsaSha256, canonicalizationAlgorithm: algorithms.exclusive });
  signer.addReference({ xpath: '/*', transforms: [algorithms.enveloped, algorithms.exclusive], digestAlgorithm: algorithms.sha256 });
  signer.computeSignature(xml, { prefix: 'ds', location: { reference: "/*/*[local-name(.)='Issuer']", action: 'after' } });
  return signer.getSignedXml();
}

export function posted(xml: string, relayState = 'ticket'): Record<string, string> {
  return { SAMLRequest: Buffer.from(xml).toString('base64'), RelayState: relayState };
}

/** The query of the HTTP-Redirect binding, signed. */
export function redirected(xml: string, relayState = 'ticket'): string {
  const query = new URLSearchParams({ SAMLRequest: deflateRawSync(xml).toString('base64'), RelayState: relayState, SigAlg: algorithms.rsaSha256 }).toString();
  const signature = createSign('sha256').update(query).sign(keys.key, 'base64');
  return `${query}&Signature=${encodeURIComponent(signature)}`;
}
