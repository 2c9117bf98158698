import { describe, expect, test } from '@jest/globals';
import { acsUrl, posted, provider, redirected, requestXml, signed } from './fixtures.ts';
import { newSimulatorKeys } from './keys.ts';
import { readServiceProvider } from './provider.ts';
import { readPosted, readRedirected, RequestRefused } from './request.ts';

const destination = 'http://localhost:3002/rpn/sso';

function refusal(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    if (error instanceof RequestRefused) return error.code;
    throw error;
  }
  return 'believed';
}

describe('IB-2: the request of the service provider', () => {
  test('over POST gives what was asked', () => {
    const request = readPosted(posted(signed(requestXml({ id: '_a', destination }))), provider, destination);
    expect(request).toEqual({
      id: '_a', issuer: provider.entityId, acsUrl, minimum: 'urn:etoegang:core:assurance-class:loa3', forceAuthn: true, serviceIndex: '1', relayState: 'ticket',
    });
  });

  test('over Redirect gives the same', () => {
    const query = redirected(requestXml({ id: '_a', destination }), 'a b+c/ü');
    expect(readRedirected(query, provider, destination)).toMatchObject({ id: '_a', relayState: 'a b+c/ü' });
  });

  test('is refused when nobody signed it, another key did, or it was changed after', async () => {
    const good = signed(requestXml({ destination }));
    expect(refusal(() => readPosted(posted(requestXml({ destination })), provider, destination))).toBe('request.unsigned');
    const { key: foreign } = await newSimulatorKeys();
    expect(refusal(() => readPosted(posted(signed(requestXml({ destination }), foreign)), provider, destination))).toBe('request.signature');
    expect(refusal(() => readPosted(posted(good.replace('loa3', 'loa2')), provider, destination))).toBe('request.signature');
    const query = redirected(requestXml({ destination }));
    expect(refusal(() => readRedirected(query.replace('RelayState=ticket', 'RelayState=other'), provider, destination))).toBe('request.signature');
    expect(refusal(() => readRedirected(query.replace(/&SigAlg.*/, ''), provider, destination))).toBe('request.unsigned');
  });

  test('is refused when it comes from another, is meant for another, or wants its answer elsewhere', () => {
    const code = (asked: Parameters<typeof requestXml>[0]) => refusal(() => readPosted(posted(signed(requestXml(asked))), provider, destination));
    expect(code({ destination, issuer: 'http://evil.example' })).toBe('request.issuer');
    expect(code({ destination: 'http://localhost:3002/zlogin/sso' })).toBe('request.destination');
    expect(code({ destination, acs: 'http://evil.example/acs' })).toBe('request.acs');
  });

  test('is refused when it is no request at all', () => {
    for (const xml of ['', 'text', '<a/>', '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>']) {
      expect(refusal(() => readPosted(posted(xml), provider, destination))).toBe('request.malformed');
    }
    expect(refusal(() => readPosted({}, provider, destination))).toBe('request.malformed');
  });
});

test('metadata of a service provider: certificates for signing, consumers and services', () => {
  const certificate = provider.certificates[0]?.replace(/-----[^-]+-----|\s/g, '') ?? '';
  const key = (use: string, value: string) => `<md:KeyDescriptor use="${use}"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data>
    <ds:X509Certificate>${value}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>`;
  const xml = `<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="${provider.entityId}"><md:SPSSODescriptor>
    ${key('signing', certificate)}${key('encryption', 'AAAA')}<md:AssertionConsumerService Location="${acsUrl}"/>
    <md:AttributeConsumingService index="1"><md:ServiceName>Knooppuntdiensten</md:ServiceName>
    <md:RequestedAttribute Name="urn:etoegang:DV:00000001999900900000:services:1"/></md:AttributeConsumingService></md:SPSSODescriptor></md:EntityDescriptor>`;
  expect(readServiceProvider(xml)).toEqual(provider);
  expect(() => readServiceProvider('<a/>')).toThrow('no service provider');
});
