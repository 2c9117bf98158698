import { randomBytes, X509Certificate } from 'node:crypto';
import { binding, ns } from './names.ts';
import { keyName, signXml } from './sign.ts';
import { escapeXml } from './xml.ts';

export type SpMetadata = {
  spEntityId: string;
  acsUrl: string;
  /** PEM; the certificate's own private key */
  spKey: string;
  spCert: string;
  /** services of the catalogue: the index a request asks for, a name, and the ServiceID when it is known */
  services?: { index: number; name: string; language: string; serviceId?: string }[];
};

/**
 * Metadata of this service provider for brokers, signed (eHerkenning, DV metadata for HM). Elements that eHerkenning does
 * not list, such as NameIDFormat, are absent on purpose.
 * @throws Error when spCert is no certificate
 */
export function spMetadata(options: SpMetadata): string {
  const certificate = new X509Certificate(options.spCert).raw.toString('base64');
  const x509 = `<ds:X509Data><ds:X509Certificate>${certificate}</ds:X509Certificate></ds:X509Data>`;
  const xml = `<md:EntityDescriptor xmlns:md="${ns.metadata}" ID="_${randomBytes(20).toString('hex')}" entityID="${escapeXml(options.spEntityId)}">`
    + `<md:SPSSODescriptor AuthnRequestsSigned="true" WantAssertionsSigned="true" protocolSupportEnumeration="${ns.protocol}">`
    + `<md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="${ns.signature}"><ds:KeyName>${keyName(options.spCert)}</ds:KeyName>${x509}</ds:KeyInfo></md:KeyDescriptor>`
    + `<md:AssertionConsumerService Binding="${binding.post}" Location="${escapeXml(options.acsUrl)}" index="0" isDefault="true"/>`
    + writeServices(options.services ?? [])
    + '</md:SPSSODescriptor></md:EntityDescriptor>';
  return signXml(xml, { key: options.spKey, keyInfo: x509 });
}

/** `isDefault` on exactly one, and only when there are several. */
function writeServices(services: NonNullable<SpMetadata['services']>): string {
  return services.map((service, position) => {
    const isDefault = services.length > 1 && position === 0 ? ' isDefault="true"' : '';
    // The schema wants at least one RequestedAttribute; eHerkenning names the service in it.
    const attribute = escapeXml(service.serviceId ?? 'urn:etoegang:core:ServiceID');
    return `<md:AttributeConsumingService index="${service.index}"${isDefault}>`
      + `<md:ServiceName xml:lang="${escapeXml(service.language)}">${escapeXml(service.name)}</md:ServiceName>`
      + `<md:RequestedAttribute Name="${attribute}"/></md:AttributeConsumingService>`;
  }).join('');
}
