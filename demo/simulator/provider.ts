import { below, ns, parseXml, text } from './xml.ts';

/** The service provider, as its metadata says. */
export type ServiceProvider = {
  entityId: string;
  /** PEM */
  certificates: string[];
  /** where answers may go (HTTP-POST) */
  consumers: string[];
  /** AttributeConsumingService: index -> name of the service and id of what it asks */
  services: Record<string, { name: string; serviceId: string }>;
};

/**
 * Reads SAML metadata of a service provider.
 * @throws Error when it is no EntityDescriptor with a signing certificate and a consumer
 */
export function readServiceProvider(metadata: string): ServiceProvider {
  const document = parseXml(metadata);
  const entityId = below(document, ns.metadata, 'EntityDescriptor')[0]?.getAttribute('entityID');
  const certificates = below(document, ns.metadata, 'KeyDescriptor')
    .filter((key) => key.getAttribute('use') !== 'encryption')
    .flatMap((key) => below(key, ns.signature, 'X509Certificate').map((c) => pem(text(c))));
  const consumers = below(document, ns.metadata, 'AssertionConsumerService').map((c) => c.getAttribute('Location') ?? '');
  if (!entityId || certificates.length === 0 || consumers.length === 0) throw new Error('no service provider in the metadata');
  return { entityId, certificates, consumers, services: services(document) };
}

function services(document: ReturnType<typeof parseXml>): ServiceProvider['services'] {
  return Object.fromEntries(below(document, ns.metadata, 'AttributeConsumingService').map((service) => [
    service.getAttribute('index') ?? '',
    {
      name: text(below(service, ns.metadata, 'ServiceName')[0]),
      serviceId: below(service, ns.metadata, 'RequestedAttribute')[0]?.getAttribute('Name') ?? '',
    },
  ]));
}

function pem(base64: string): string {
  return `-----BEGIN CERTIFICATE-----\n${base64.replace(/\s/g, '').replace(/.{1,64}/g, '$&\n')}-----END CERTIFICATE-----\n`;
}

export type ProviderSource = (anew: boolean) => Promise<ServiceProvider>;

/** Fetches the metadata when it is first needed and keeps it for a minute; `anew` fetches whatever the age. */
export function fetchedProvider(url: string): ProviderSource {
  let kept: { at: number; provider: ServiceProvider } | undefined;
  return async (anew) => {
    if (kept && !anew && Date.now() - kept.at < 60_000) return kept.provider;
    const answer = await fetch(url, { signal: AbortSignal.timeout(5000) });
    if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
    kept = { at: Date.now(), provider: readServiceProvider(await answer.text()) };
    return kept.provider;
  };
}
