import { createPublicKey, verify } from 'node:crypto';
import { inflateRawSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { acsUrl, assertionXml, audience, certificate, encode, issuer, now, requestId, responseXml, rsaKeys, signRoot, statement } from '../../../test/support/saml.ts';
import type { BrokerConfig, Realm } from '../../config/schema.ts';
import type { Broker } from '../broker.ts';
import { createSamlBroker } from './broker.ts';
import { spMetadata } from './metadata.ts';
import { verifyEnveloped } from './signature.ts';
import { parsePlainXml } from './xml.ts';

const ours = rsaKeys();
const theirs = rsaKeys();
const loa = (level: string): string => `urn:etoegang:core:assurance-class:loa${level}`;
const levels = { [loa('2')]: 'eh2', [loa('2plus')]: 'eh2', [loa('3')]: 'eh3', [loa('4')]: 'eh4' };
const realm = { levels: ['eh2', 'eh2plus', 'eh3', 'eh4', 'eh5'].map((id) => ({ id, label: id, acr: id })) } as unknown as Realm;

function saml(changes: Partial<BrokerConfig> = {}, certificates = [theirs.publicKey]): Broker {
  const config: BrokerConfig = {
    id: 'kpn', protocol: 'saml', name: 'KPN', active: true, level: 'eh4', entity_id: issuer,
    single_sign_on: { url: 'https://broker.example/sso?a=1&b="2"', binding: 'post' }, certificate_files: ['x'], service_index: 9052,
    force_authn: true, levels, ...changes,
  };
  return createSamlBroker({ realm, config, acsUrl, spEntityId: audience, spKey: ours.privateKey, spCert: certificate, certificates });
}

async function postedRequest(broker: Broker, levelId = 'eh3'): Promise<string> {
  const { message } = await broker.begin({ relay: 'r', levelId, language: 'nl' });
  return message.method === 'post' ? Buffer.from(message.fields['SAMLRequest'] ?? '', 'base64').toString() : '';
}

describe('asking', () => {
  test('IB-1: a signed AuthnRequest over POST, for at least level 3', async () => {
    const { message, pending } = await saml().begin({ relay: 'ticket', levelId: 'eh3', language: 'nl' });
    expect(message).toMatchObject({ method: 'post', url: 'https://broker.example/sso?a=1&b="2"', fields: { RelayState: 'ticket' } });
    expect(pending).toMatchObject({ broker: 'kpn', levelId: 'eh3' });
    expect(pending.requestId).toMatch(/^_[0-9a-f]{40}$/);
    const xml = message.method === 'post' ? Buffer.from(message.fields['SAMLRequest'] ?? '', 'base64').toString() : '';
    const request = verifyEnveloped(parsePlainXml(xml), [createPublicKey(ours.publicKey)]);
    const attributes = Object.fromEntries(['ID', 'Destination', 'ForceAuthn', 'AssertionConsumerServiceURL', 'AttributeConsumingServiceIndex'].map((name) => [name, request.getAttribute(name)]));
    expect(attributes).toEqual({
      ID: pending.requestId, Destination: 'https://broker.example/sso?a=1&b="2"', ForceAuthn: 'true',
      AssertionConsumerServiceURL: acsUrl, AttributeConsumingServiceIndex: '9052',
    });
    expect(xml).toContain(`<samlp:RequestedAuthnContext Comparison="minimum"><saml:AuthnContextClassRef>${loa('3')}<`);
    expect(xml).not.toMatch(/NameIDPolicy|X509Data/);
    expect(xml).toMatch(/<saml:Issuer>[^<]*<\/saml:Issuer><ds:Signature/);
  });

  test('a redirect is signed over the query', async () => {
    const broker = saml({ single_sign_on: { url: 'https://broker.example/sso', binding: 'redirect' } });
    const { message } = await broker.begin({ relay: 'a b&c', levelId: 'eh3', language: 'nl' });
    if (message.method !== 'redirect') throw new Error('not a redirect');
    const [query = '', signature = ''] = (message.url.split('?')[1] ?? '').split('&Signature=');
    expect(verify('sha256', Buffer.from(query), ours.publicKey, Buffer.from(decodeURIComponent(signature), 'base64'))).toBe(true);
    const sent = new URLSearchParams(query);
    expect([...sent.keys()]).toEqual(['SAMLRequest', 'RelayState', 'SigAlg']);
    expect(sent.get('RelayState')).toBe('a b&c');
    const xml = inflateRawSync(Buffer.from(sent.get('SAMLRequest') ?? '', 'base64')).toString();
    expect(xml).toContain('Destination="https://broker.example/sso"');
    expect(xml).not.toContain('Signature');
  });

  test('the class asked is the lowest of that level, else of the next level the broker knows', async () => {
    expect(await postedRequest(saml(), 'eh2')).toContain(`>${loa('2')}<`);
    expect(await postedRequest(saml(), 'eh2plus')).toContain(`>${loa('3')}<`);
    await expect(postedRequest(saml(), 'eh5')).rejects.toMatchObject({ code: 'broker.unknown_level' });
    await expect(postedRequest(saml(), 'none')).rejects.toMatchObject({ code: 'broker.unknown_level' });
  });

  test('no service index and no forced login, when the configuration says so', async () => {
    const xml = await postedRequest(saml({ force_authn: false, service_index: undefined as never }));
    expect(xml).toContain('ForceAuthn="false"');
    expect(xml).not.toContain('AttributeConsumingServiceIndex');
  });

  test('a relay longer than 80 bytes, a weak key and an elliptic key are mistakes', async () => {
    await expect(saml().begin({ relay: 'é'.repeat(41), levelId: 'eh3', language: 'nl' })).rejects.toThrow(RangeError);
    expect(() => saml({}, [rsaKeys(1024).publicKey])).toThrow('2048');
    expect(() => saml({}, ['no certificate'])).toThrow();
  });
});

describe('receiving', () => {
  const pending = { requestId, broker: 'kpn', levelId: 'eh3', at: now - 30 };
  const fields = (level: string): Record<string, string> => ({ SAMLResponse: encode(responseXml({ content: signRoot(assertionXml({ statement: statement(level) }), theirs) })) });

  test('who, for whom, at which level and when; the IDs to remember', async () => {
    const { event, replayIds } = await saml().receive(fields('loa3'), pending, now);
    expect(event).toMatchObject({ kind: 'broker', broker: 'kpn', ok: true, level: 'eh3', at: now - 10, identity: { id: 'kpn', actingSubject: 'acting@1' } });
    expect(replayIds.map((entry) => entry.id)).toEqual(['saml:kpn:_response', 'saml:kpn:_assertion']);
    expect(Math.min(...replayIds.map((entry) => entry.expiresAt))).toBeGreaterThan(now + 360);
  });

  test('IB-1: a higher and a lower level are told as they are', async () => {
    expect((await saml().receive(fields('loa4'), pending, now)).event).toMatchObject({ ok: true, level: 'eh4' });
    expect((await saml().receive(fields('loa2plus'), pending, now)).event).toMatchObject({ ok: true, level: 'eh2' });
  });

  test('a level nobody mapped, a request to another broker and no field are refused', async () => {
    await expect(saml().receive(fields('loa1'), pending, now)).rejects.toMatchObject({ code: 'broker.unknown_level' });
    await expect(saml().receive(fields('loa3'), { ...pending, broker: 'other' }, now)).rejects.toMatchObject({ code: 'broker.unsolicited' });
    await expect(saml().receive({}, pending, now)).rejects.toMatchObject({ code: 'broker.malformed' });
  });
});

describe('metadata', () => {
  const options = { spEntityId: audience, acsUrl, spKey: ours.privateKey, spCert: certificate };

  test('is signed and names our address and key', () => {
    const xml = spMetadata(options);
    expect(verifyEnveloped(parsePlainXml(xml), [createPublicKey(ours.publicKey)]).getAttribute('entityID')).toBe(audience);
    expect(xml).toContain(`Location="${acsUrl}"`);
    expect(xml).toMatch(/AuthnRequestsSigned="true" WantAssertionsSigned="true"/);
    expect(xml).not.toContain('NameIDFormat');
  });

  test('one default among several services; every value escaped', () => {
    const xml = spMetadata({ ...options, services: [{ index: 1, name: 'A & "B" <c>', language: 'nl' }, { index: 2, name: 'D', language: 'nl', serviceId: 'urn:etoegang:DV:1:services:2' }] });
    expect(xml).toContain('A &amp; "B" &lt;c&gt;');
    expect(xml.match(/<md:AttributeConsumingService index="\d"( isDefault="true")?/g)).toEqual(['<md:AttributeConsumingService index="1" isDefault="true"', '<md:AttributeConsumingService index="2"']);
  });

  test('the name of the key in requests is the one in the metadata', async () => {
    const name = /<ds:KeyName>([^<]+)</.exec(spMetadata(options))?.[1] ?? '';
    expect(await postedRequest(saml())).toContain(`<ds:KeyName>${name}<`);
  });
});
