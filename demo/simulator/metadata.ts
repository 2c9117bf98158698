import { escapeText } from '../html.ts';
import { bindings, ns } from './xml.ts';

/** Identity provider metadata of one broker (eHerkenning, HM metadata for DV). */
export function idpMetadata(entityId: string, ssoUrl: string, certificate: string): string {
  const key = certificate.replace(/-----[^-]+-----|\s/g, '');
  const service = (binding: string) => `<md:SingleSignOnService Binding="${binding}" Location="${escapeText(ssoUrl)}"/>`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<md:EntityDescriptor xmlns:md="${ns.metadata}" entityID="${escapeText(entityId)}">`
    + `<md:IDPSSODescriptor WantAuthnRequestsSigned="true" protocolSupportEnumeration="${ns.protocol}">`
    + `<md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="${ns.signature}"><ds:X509Data><ds:X509Certificate>${key}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>`
    + `${service(bindings.post)}${service(bindings.redirect)}</md:IDPSSODescriptor></md:EntityDescriptor>\n`;
}
