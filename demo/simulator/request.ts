import { verify } from 'node:crypto';
import { inflateRawSync } from 'node:zlib';
import { XMLSerializer } from '@xmldom/xmldom';
import type { Element } from '@xmldom/xmldom';
import { SignedXml } from 'xml-crypto';
import type { ServiceProvider } from './provider.ts';
import { algorithms, below, children, ns, parseXml, text } from './xml.ts';

const largest = 65_536;

/** What the service provider asks. */
export type LoginRequest = {
  id: string;
  issuer: string;
  acsUrl: string;
  /** AuthnContextClassRef that is the least; undefined when none is asked */
  minimum: string | undefined;
  forceAuthn: boolean;
  serviceIndex: string;
  relayState: string;
};

/** A request that is not answered. `code` is stable and shown. */
export class RequestRefused extends Error {
  readonly code: string;
  constructor(code: string, detail: string) {
    super(detail);
    this.name = 'RequestRefused';
    this.code = code;
  }
}

/**
 * A request over HTTP-POST: enveloped signature, believed only for the bytes that were signed.
 * @throws RequestRefused
 */
export function readPosted(fields: Record<string, string>, provider: ServiceProvider, destination: string): LoginRequest {
  const xml = Buffer.from(fields['SAMLRequest'] ?? '', 'base64').toString('utf8');
  return interpret(signedBytes(xml, provider), fields['RelayState'] ?? '', provider, destination);
}

/**
 * A request over HTTP-Redirect: the signature is over the query as it was sent (SAML bindings 3.4.4.1).
 * @throws RequestRefused
 */
export function readRedirected(query: string, provider: ServiceProvider, destination: string): LoginRequest {
  const raw = new Map(query.split('&').map((part): [string, string] => {
    const at = part.indexOf('=');
    return at === -1 ? [part, ''] : [part.slice(0, at), part.slice(at + 1)];
  }));
  const value = (name: string) => decodeURIComponent((raw.get(name) ?? '').replace(/\+/g, '%20'));
  if (value('SigAlg') !== algorithms.rsaSha256) throw new RequestRefused('request.unsigned', 'SigAlg is not rsa-sha256');
  const signed = ['SAMLRequest', 'RelayState', 'SigAlg'].filter((name) => raw.has(name)).map((name) => `${name}=${raw.get(name)}`).join('&');
  const signature = Buffer.from(value('Signature'), 'base64');
  if (!provider.certificates.some((certificate) => verify('sha256', Buffer.from(signed), certificate, signature))) {
    throw new RequestRefused('request.signature', 'the signature of the query does not match');
  }
  return interpret(inflate(value('SAMLRequest')), value('RelayState'), provider, destination);
}

function inflate(base64: string): string {
  try {
    return inflateRawSync(Buffer.from(base64, 'base64'), { maxOutputLength: largest }).toString('utf8');
  } catch {
    throw new RequestRefused('request.malformed', 'not deflated');
  }
}

/** The canonical bytes of the root element that a configured certificate signed. */
function signedBytes(xml: string, provider: ServiceProvider): string {
  const root = rootOf(xml);
  const signatures = below(root, ns.signature, 'Signature');
  const [signature] = signatures;
  if (!signature || signatures.length > 1 || signature.parentNode !== root) throw new RequestRefused('request.unsigned', 'not one signature under the root');
  for (const certificate of provider.certificates) {
    const bytes = checked(xml, new XMLSerializer().serializeToString(signature), root, certificate);
    if (bytes) return bytes;
  }
  throw new RequestRefused('request.signature', 'no certificate of the metadata made this signature');
}

function checked(xml: string, signature: string, root: Element, certificate: string): string | undefined {
  const check = new SignedXml({ publicCert: certificate, getCertFromKeyInfo: () => null });
  try {
    check.loadSignature(signature);
    const references = check.getReferences();
    if (check.signatureAlgorithm !== algorithms.rsaSha256 || references.length !== 1) return undefined;
    if (references[0]?.uri !== `#${root.getAttribute('ID')}` || references[0].digestAlgorithm !== algorithms.sha256) return undefined;
    return check.checkSignature(xml) ? check.getSignedReferences()[0] : undefined;
  } catch {
    return undefined;
  }
}

function rootOf(xml: string): Element {
  if (xml.length > largest) throw new RequestRefused('request.malformed', 'too large');
  try {
    const root = parseXml(xml).documentElement;
    if (root?.namespaceURI === ns.protocol && root.localName === 'AuthnRequest') return root;
  } catch {
    // told below
  }
  throw new RequestRefused('request.malformed', 'no AuthnRequest');
}

function interpret(xml: string, relayState: string, provider: ServiceProvider, destination: string): LoginRequest {
  const root = rootOf(xml);
  const attribute = (name: string) => root.getAttribute(name) ?? '';
  const issuer = text(children(root, ns.assertion, 'Issuer')[0]);
  if (issuer !== provider.entityId) throw new RequestRefused('request.issuer', `unknown issuer ${issuer}`);
  if (attribute('Destination') !== '' && attribute('Destination') !== destination) throw new RequestRefused('request.destination', `meant for ${attribute('Destination')}`);
  const acsUrl = attribute('AssertionConsumerServiceURL') || (provider.consumers[0] ?? '');
  if (!provider.consumers.includes(acsUrl)) throw new RequestRefused('request.acs', `${acsUrl} is not in the metadata`);
  const context = children(root, ns.protocol, 'RequestedAuthnContext')[0];
  return {
    id: attribute('ID'),
    issuer,
    acsUrl,
    minimum: context ? text(below(context, ns.assertion, 'AuthnContextClassRef')[0]) : undefined,
    forceAuthn: attribute('ForceAuthn') === 'true',
    serviceIndex: attribute('AttributeConsumingServiceIndex'),
    relayState,
  };
}
