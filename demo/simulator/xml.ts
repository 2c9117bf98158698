import { DOMParser } from '@xmldom/xmldom';
import type { Document, Element } from '@xmldom/xmldom';

export const ns = {
  protocol: 'urn:oasis:names:tc:SAML:2.0:protocol',
  assertion: 'urn:oasis:names:tc:SAML:2.0:assertion',
  metadata: 'urn:oasis:names:tc:SAML:2.0:metadata',
  signature: 'http://www.w3.org/2000/09/xmldsig#',
} as const;

export const bindings = {
  post: 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST',
  redirect: 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect',
} as const;

export const algorithms = {
  exclusive: 'http://www.w3.org/2001/10/xml-exc-c14n#',
  enveloped: 'http://www.w3.org/2000/09/xmldsig#enveloped-signature',
  sha256: 'http://www.w3.org/2001/04/xmlenc#sha256',
  rsaSha256: 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
} as const;

/**
 * Parses XML, without document type.
 * @throws Error when it is not well-formed
 */
export function parseXml(text: string): Document {
  if (/<!DOCTYPE/i.test(text)) throw new Error('a document type is not allowed');
  return new DOMParser({ onError: (level, message) => { if (level !== 'warning') throw new Error(message); } }).parseFromString(text, 'text/xml');
}

/** Elements below `from` with this name, however deep. */
export function below(from: Document | Element, space: string, name: string): Element[] {
  return [...from.getElementsByTagNameNS(space, name)];
}

/** Elements directly under `parent` with this name. */
export function children(parent: Element, space: string, name: string): Element[] {
  return below(parent, space, name).filter((element) => element.parentNode === parent);
}

export function text(element: Element | undefined): string {
  return element?.textContent?.trim() ?? '';
}
