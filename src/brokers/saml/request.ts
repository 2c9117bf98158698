import { createSign } from 'node:crypto';
import { deflateRawSync } from 'node:zlib';
import type { BrowserMessage } from '../broker.ts';
import { binding, ns, rsaSha256 } from './names.ts';
import { keyName, signXml } from './sign.ts';
import { escapeXml } from './xml.ts';

export type AuthnRequest = {
  id: string;
  /** where it is sent */
  destination: string;
  issuer: string;
  acsUrl: string;
  classRef: string;
  forceAuthn: boolean;
  serviceIndex?: number | undefined;
  issuedAt: Date;
};

/** The AuthnRequest without signature. No NameIDPolicy: eHerkenning's NameID is transient and not the account's key. */
export function buildAuthnRequest(request: AuthnRequest): string {
  const attributes: Record<string, string> = {
    'xmlns:samlp': ns.protocol,
    'xmlns:saml': ns.assertion,
    ID: request.id,
    Version: '2.0',
    IssueInstant: request.issuedAt.toISOString(),
    Destination: request.destination,
    ForceAuthn: String(request.forceAuthn),
    ProtocolBinding: binding.post,
    AssertionConsumerServiceURL: request.acsUrl,
    ...(request.serviceIndex === undefined ? {} : { AttributeConsumingServiceIndex: String(request.serviceIndex) }),
  };
  const written = Object.entries(attributes).map(([name, value]) => ` ${name}="${escapeXml(value)}"`).join('');
  return `<samlp:AuthnRequest${written}><saml:Issuer>${escapeXml(request.issuer)}</saml:Issuer>`
    + '<samlp:RequestedAuthnContext Comparison="minimum">'
    + `<saml:AuthnContextClassRef>${escapeXml(request.classRef)}</saml:AuthnContextClassRef>`
    + '</samlp:RequestedAuthnContext></samlp:AuthnRequest>';
}

/** POST binding: signed inside; KeyInfo holds a KeyName only, as eHerkenning demands of messages. */
export function postMessage(xml: string, url: string, relay: string, keys: { key: string; cert: string }): BrowserMessage {
  const keyInfo = `<ds:KeyName>${keyName(keys.cert)}</ds:KeyName>`;
  const signed = signXml(xml, { key: keys.key, keyInfo, after: 'Issuer' });
  return { method: 'post', url, fields: { SAMLRequest: Buffer.from(signed).toString('base64'), RelayState: relay } };
}

/** Redirect binding: the signature is over the query, in the order SAMLRequest, RelayState, SigAlg (bindings 3.4.4.1). */
export function redirectMessage(xml: string, url: string, relay: string, keys: { key: string }): BrowserMessage {
  const query = [
    ['SAMLRequest', deflateRawSync(xml).toString('base64')],
    ['RelayState', relay],
    ['SigAlg', rsaSha256],
  ].map(([name, value]) => `${name}=${encodeURIComponent(value ?? '')}`).join('&');
  const signature = createSign('sha256').update(query).sign(keys.key, 'base64');
  return { method: 'redirect', url: `${url}${url.includes('?') ? '&' : '?'}${query}&Signature=${encodeURIComponent(signature)}` };
}
