import { randomUUID, X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import samlify from 'samlify';
import { SignedXml } from 'xml-crypto';
import { BrokerRefusal, type Broker, type BrowserMessage, type PendingRequest } from '../../src/brokers/broker.ts';
import { createSamlBroker } from '../../src/brokers/saml/broker.ts';
import { spMetadata } from '../../src/brokers/saml/metadata.ts';
import type { BrokerConfig, Realm } from '../../src/config/schema.ts';
import { newKeyPair, type KeyPair } from '../../src/keys/certificate.ts';

/**
 * samlify plays the identity provider, so that our messages are judged, and theirs are written, by code that is not ours.
 * It asks for a schema validator; that it parses every message strictly is enough here.
 */
samlify.setSchemaValidator({ validate: async () => 'not checked' });

const spEntityId = 'https://sluis.example/ib/saml/metadata?a=1&b=2';
const acsUrl = 'https://sluis.example/ib/saml/acs';
const idpEntityId = 'urn:etoegang:HM:00000000000000000001:entities:9001';
const ssoUrl = 'https://broker.example/sso?tenant=1';
const binding = (name: string): string => `urn:oasis:names:tc:SAML:2.0:bindings:HTTP-${name}`;
const loa = (level: string): string => `urn:etoegang:core:assurance-class:loa${level}`;

/** Written by hand, in the words of eHerkenning; samlify fills in the names between braces, and signs. */
const nameId = (kind: string, tag: string): string =>
  `<saml:NameID NameQualifier="urn:etoegang:1.9:EntityConcernedID:${kind}">{${tag}}</saml:NameID>`;
const attribute = (name: string, value: string): string =>
  `<saml:Attribute Name="${name}"><saml:AttributeValue>${value}</saml:AttributeValue></saml:Attribute>`;
const responseTemplate = '<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"'
  + ' ID="{ID}" Version="2.0" IssueInstant="{Now}" Destination="{Acs}" InResponseTo="{InResponseTo}"><saml:Issuer>{Issuer}</saml:Issuer>'
  + '<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>'
  + '<saml:Assertion ID="{AssertionID}" Version="2.0" IssueInstant="{Now}"><saml:Issuer>{Issuer}</saml:Issuer>'
  + '<saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:transient">{Transient}</saml:NameID>'
  + '<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">'
  + '<saml:SubjectConfirmationData Recipient="{Acs}" NotOnOrAfter="{Later}" InResponseTo="{InResponseTo}"/></saml:SubjectConfirmation></saml:Subject>'
  + '<saml:Conditions NotBefore="{Now}" NotOnOrAfter="{Later}"><saml:AudienceRestriction><saml:Audience>{Audience}</saml:Audience></saml:AudienceRestriction></saml:Conditions>'
  + '<saml:AuthnStatement AuthnInstant="{Now}" SessionIndex="{Transient}"><saml:AuthnContext><saml:AuthnContextClassRef>{ClassRef}</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>'
  + `<saml:AttributeStatement>${attribute('urn:etoegang:core:ActingSubjectID', nameId('Pseudo', 'Acting'))}`
  + `${attribute('urn:etoegang:core:LegalSubjectID', nameId('KvKnr', 'Kvk'))}`
  + `${attribute('urn:etoegang:1.11:attribute-represented:CompanyName', '{Company}')}</saml:AttributeStatement></saml:Assertion></samlp:Response>`;

const realm = { levels: ['eh2', 'eh3', 'eh4'].map((id) => ({ id, label: id, acr: id })) } as unknown as Realm;
let ours: KeyPair;
let theirs: KeyPair;
let idp: ReturnType<typeof samlify.IdentityProvider>;
/** What the identity provider knows of us: our metadata and nothing else. */
let us: ReturnType<typeof samlify.ServiceProvider>;
/** The same, for a provider that signs the whole message as well as the assertion. */
let usBothSigned: ReturnType<typeof samlify.ServiceProvider>;

beforeAll(async () => {
  const now = Math.floor(Date.now() / 1000);
  ours = await newKeyPair('Sluis', now);
  theirs = await newKeyPair('Broker', now);
  const rsaSha256 = 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256';
  idp = samlify.IdentityProvider({
    entityID: idpEntityId, privateKey: theirs.key, signingCert: theirs.cert, requestSignatureAlgorithm: rsaSha256, wantAuthnRequestsSigned: true,
    singleSignOnService: ['Redirect', 'POST'].map((name) => ({ Binding: binding(name), Location: ssoUrl })),
    singleLogoutService: [{ Binding: binding('POST'), Location: 'https://broker.example/slo' }],
    loginResponseTemplate: { context: responseTemplate, attributes: [] },
  });
  const metadata = spMetadata({ spEntityId, acsUrl, spKey: ours.key, spCert: ours.cert, services: [{ index: 9052, name: 'Sluis', language: 'nl' }] });
  us = samlify.ServiceProvider({ metadata, requestSignatureAlgorithm: rsaSha256, wantLogoutRequestSigned: true });
  usBothSigned = samlify.ServiceProvider({ metadata, requestSignatureAlgorithm: rsaSha256, wantMessageSigned: true });
});

function saml(method: 'post' | 'redirect' = 'post'): Broker {
  const config: BrokerConfig = {
    id: 'kpn', protocol: 'saml', name: 'KPN', active: true, level: 'eh4', entity_id: idpEntityId, single_sign_on: { url: ssoUrl, binding: method },
    certificate_files: ['x'], service_index: 9052, force_authn: true, levels: { [loa('2plus')]: 'eh2', [loa('3')]: 'eh3', [loa('4')]: 'eh4' },
  };
  return createSamlBroker({ realm, config, acsUrl, spEntityId, spKey: ours.key, spCert: ours.cert, certificates: [theirs.cert] });
}

const ask = (method: 'post' | 'redirect'): ReturnType<Broker['begin']> => saml(method).begin({ relay: 'ticket+/=&1', levelId: 'eh3', language: 'nl' });

type Parsed = Awaited<ReturnType<typeof idp.parseLoginRequest>>;

/** Hands a message to samlify as its HTTP server would: form fields, or the query and the exact text that was signed. */
async function parsedByIdp(message: BrowserMessage, change = (text: string): string => text): Promise<Parsed> {
  if (message.method === 'post') return idp.parseLoginRequest(us, 'post', { body: { SAMLRequest: base64(change(plain(message.fields['SAMLRequest'] ?? ''))) } });
  const { searchParams } = new URL(message.url);
  const query = Object.fromEntries([...searchParams].filter(([name]) => name !== 'tenant'));
  const octetString = /SAMLRequest=.*(?=&Signature=)/.exec(message.url)?.[0] ?? '';
  return idp.parseLoginRequest(us, 'redirect', { query, octetString: change(octetString) });
}

type Login = { pending: PendingRequest; xml: string };

/** The whole way: we ask, samlify parses the request and answers it. */
async function login(options: { level?: string; both?: boolean; acting?: string } = {}): Promise<Login> {
  const { message, pending } = await ask('post');
  const request = await parsedByIdp(message);
  const now = Date.now();
  const values = {
    ID: `_${randomUUID()}`, AssertionID: `_${randomUUID()}`, InResponseTo: one(request.extract.request?.id), Issuer: idpEntityId, Audience: us.entityMeta.getEntityID(),
    Acs: one(us.entityMeta.getAssertionConsumerService('post')), Now: new Date(now).toISOString(), Later: new Date(now + 120_000).toISOString(), Transient: randomUUID(),
    ClassRef: loa(options.level ?? '3'), Acting: options.acting ?? 'acting@1', Kvk: '12345678', Company: 'Jansen & "Zn" <Zorg>',
  };
  const answer = await idp.createLoginResponse(options.both ? usBothSigned : us, { ...request }, 'post', {}, {
    customTagReplacement: (template) => ({ id: values.ID, context: samlify.SamlLib.replaceTagsByValue(template, values) }),
  });
  return { pending, xml: plain(answer.context) };
}

/** samlify's fields are lists when a message has several; here that would be a mistake. */
function one(value: string | string[] | undefined): string {
  if (typeof value !== 'string') throw new Error('not exactly one value');
  return value;
}

const plain = (text: string): string => Buffer.from(text, 'base64').toString();
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const received = (xml: string, pending: PendingRequest): ReturnType<Broker['receive']> =>
  saml().receive({ SAMLResponse: base64(xml) }, pending, Math.floor(Date.now() / 1000));

/** The code with which we refuse a message, or what we believed. */
async function refusal(xml: string, pending: PendingRequest): Promise<string> {
  return received(xml, pending).then(({ event }) => `believed ${JSON.stringify(event)}`, (error: unknown) => {
    if (error instanceof BrokerRefusal) return error.code;
    throw error;
  });
}

/** Replaces text that must be there, so that no attack is harmless by mistake. */
function swap(text: string, from: string | RegExp, to: string): string {
  const changed = text.replace(from, () => to);
  if (changed === text) throw new Error(`nothing to replace: ${String(from)}`);
  return changed;
}

function part(xml: string, pattern: RegExp): string {
  const found = pattern.exec(xml)?.[0];
  if (!found) throw new Error(`no ${String(pattern)}`);
  return found;
}

const signature = /<ds:Signature .*?<\/ds:Signature>/s;
const assertion = /<saml:Assertion .*<\/saml:Assertion>/s;

describe('our messages, read by samlify', () => {
  test('metadata: EntityID, address of the answer, certificate, what is signed', () => {
    const meta = us.entityMeta;
    expect(meta.getEntityID()).toBe(spEntityId);
    expect(meta.getAssertionConsumerService('post')).toBe(acsUrl);
    expect(meta.getX509Certificate('signing')).toBe(new X509Certificate(ours.cert).raw.toString('base64'));
    expect([meta.isAuthnRequestSigned(), meta.isWantAssertionsSigned()]).toEqual([true, true]);
    // samlify reads metadata without looking at its signature; the library below it can.
    const verifier = new SignedXml({ publicCert: ours.cert });
    verifier.loadSignature(part(meta.getMetadata(), signature));
    expect(verifier.checkSignature(meta.getMetadata())).toBe(true);
  });

  test.each(['post', 'redirect'] as const)('IB-1: an AuthnRequest over %s: signed, complete', async (method) => {
    const { message, pending } = await ask(method);
    const { extract, samlContent } = await parsedByIdp(message);
    expect(extract.issuer).toBe(spEntityId);
    expect(extract.request).toMatchObject({ id: pending.requestId, destination: ssoUrl, assertionConsumerServiceUrl: acsUrl });
    const field = (localPath: string[], attributes: string[]): unknown => samlify.Extractor.extract(samlContent, [{ key: 'found', localPath, attributes }])['found'];
    expect(field(['AuthnRequest'], ['ForceAuthn'])).toBe('true');
    expect(field(['AuthnRequest'], ['AttributeConsumingServiceIndex'])).toBe('9052');
    expect(field(['AuthnRequest', 'RequestedAuthnContext'], ['Comparison'])).toBe('minimum');
    expect(field(['AuthnRequest', 'RequestedAuthnContext', 'AuthnContextClassRef'], [])).toBe(loa('3'));
  });

  test('it does look at the signature: a request that was changed is refused', async () => {
    const weaker = (xml: string): string => swap(xml, 'ForceAuthn="true"', 'ForceAuthn="false"');
    await expect(parsedByIdp((await ask('post')).message, weaker)).rejects.toThrow('FAILED_TO_VERIFY_SIGNATURE');
    const elsewhere = (query: string): string => swap(query, 'RelayState=ticket', 'RelayState=another');
    await expect(parsedByIdp((await ask('redirect')).message, elsewhere)).rejects.toThrow('ERR_FAILED_MESSAGE_SIGNATURE_VERIFICATION');
  });
});

describe('answers that samlify wrote and signed', () => {
  test.each([['the assertion signed', false, 1], ['the whole message signed too', true, 2]])('IB-1: believed with %s', async (_name, both, signatures) => {
    const { pending, xml } = await login({ both });
    expect(xml.match(/<ds:Signature /g)).toHaveLength(signatures);
    const { event, replayIds } = await received(xml, pending);
    expect(event).toMatchObject({
      kind: 'broker', broker: 'kpn', ok: true, level: 'eh3',
      identity: { id: 'kpn', actingSubject: 'acting@1', organisation: { kvk: '12345678' }, organisationName: 'Jansen & "Zn" <Zorg>' },
    });
    expect(replayIds).toHaveLength(2);
  });

  test('IB-1: the level is the one of the answer', async () => {
    const higher = await login({ level: '4' });
    expect((await received(higher.xml, higher.pending)).event).toMatchObject({ ok: true, level: 'eh4' });
    const lower = await login({ level: '2plus' });
    expect((await received(lower.xml, lower.pending)).event).toMatchObject({ ok: true, level: 'eh2' });
  });

  test.each<[string, boolean, string | RegExp, string]>([
    ['the person', false, 'acting@1', 'acting@2'],
    ['the organisation', true, '12345678', '12345679'],
    ['the level', false, 'loa3', 'loa4'],
    ['the signed envelope', true, 'Z" Destination=', '0Z" Destination='],
  ])('one byte changed in %s: refused', async (_name, both, from, to) => {
    const { pending, xml } = await login({ both });
    expect(await refusal(swap(xml, from, to), pending)).toBe('broker.signature');
  });
});

/** samlify 2.13.1 and its issue 634: it verifies one part of a message and reads another. */
describe('what samlify believes and we must not', () => {
  const believedBySamlify = async (xml: string): Promise<Parsed> => us.parseLoginResponse(idp, 'post', { body: { SAMLResponse: base64(xml) } });

  test('the yardstick: without an attack both believe it', async () => {
    const { pending, xml } = await login();
    expect((await believedBySamlify(xml)).extract.response?.inResponseTo).toBe(pending.requestId);
    expect(await refusal(xml, pending)).toContain('acting@1');
  });

  test('a signed message inside the signature of a forged one', async () => {
    const { pending, xml } = await login({ both: true });
    const own = part(xml, signature);
    const original = swap(xml, own, '');
    const forged = swap(swap(original, signature, ''), 'acting@1', 'victim@1');
    const renamed = swap(swap(forged, / ID="[^"]*"/, ' ID="_forged"'), /<saml:Assertion ID="[^"]*"/, '<saml:Assertion ID="_evil"');
    const wrapped = swap(renamed, '</saml:Issuer>', `</saml:Issuer>${swap(own, '</ds:Signature>', `<ds:Object>${original}</ds:Object></ds:Signature>`)}`);
    expect((await believedBySamlify(wrapped)).extract.response?.id).toBe('_forged');
    expect(await refusal(wrapped, pending)).toBe('broker.structure');
  });

  test('a forged assertion beside the signed one', async () => {
    const { pending, xml } = await login();
    const evil = swap(swap(swap(part(xml, assertion), signature, ''), 'acting@1', 'victim@1'), / ID="[^"]*"/, ' ID="_evil"');
    const both = swap(xml, '<saml:Assertion ', `${evil}<saml:Assertion `);
    await expect(believedBySamlify(both)).resolves.toBeDefined();
    expect(await refusal(both, pending)).toBe('broker.structure');
  });

  test('an assertion of another login, in an envelope that answers this one', async () => {
    const captured = await login();
    const { pending } = await login();
    const moved = swap(captured.xml, captured.pending.requestId, pending.requestId);
    expect((await believedBySamlify(moved)).extract.response?.inResponseTo).toBe(pending.requestId);
    expect(await refusal(moved, pending)).toBe('broker.unsolicited');
  });

  test('another message that carries a signed assertion', async () => {
    const { pending, xml } = await login();
    const head = part(xml, /^.*?<\/saml:Issuer>/s).replace('<samlp:Response', '<samlp:LogoutRequest');
    const logout = `${head}<saml:NameID>victim</saml:NameID><samlp:SessionIndex>1</samlp:SessionIndex>${part(xml, assertion)}</samlp:LogoutRequest>`;
    const { extract } = await us.parseLogoutRequest(idp, 'post', { body: { SAMLRequest: base64(logout) } });
    expect(extract.nameID).toBe('victim');
    expect(await refusal(logout, pending)).toBe('broker.structure');
  });
});
