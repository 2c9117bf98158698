import { describe, expect, test } from '@jest/globals';
import { SignedXml } from 'xml-crypto';
import { XMLSerializer } from '@xmldom/xmldom';
import { acsUrl, provider } from './fixtures.ts';
import { newSimulatorKeys } from './keys.ts';
import { failureResponse, loginResponse } from './response.ts';
import { below, ns, parseXml, text } from './xml.ts';

const keys = await newSimulatorKeys();
const request = { id: '_request', issuer: provider.entityId, acsUrl, minimum: undefined, forceAuthn: true, serviceIndex: '1', relayState: '' };
const now = new Date('2026-03-02T10:00:00Z');
const envelope = { issuer: 'http://localhost:3002/rpn/metadata', request, now, key: keys.key };
const subject = { pseudonym: 'abc@def', givenName: 'Bram', familyName: 'van der <Linde> & Co', organisation: { name: 'Gemeente "Lissendam"', identifiers: { kvk: '99990001', rsin: '999900109', oin: '1' } } };
const level = 'urn:etoegang:core:assurance-class:loa3';

/** The canonical bytes that the simulator's certificate signed. */
function signedPart(xml: string): string {
  const [signature] = below(parseXml(xml), ns.signature, 'Signature');
  const check = new SignedXml({ publicCert: keys.certificate, getCertFromKeyInfo: () => null });
  check.loadSignature(new XMLSerializer().serializeToString(signature!));
  expect(check.checkSignature(xml)).toBe(true);
  return check.getSignedReferences()[0] ?? '';
}

describe('IB-1, IB-3: the answer of a broker', () => {
  const assertion = parseXml(signedPart(loginResponse(envelope, subject, level, 'urn:etoegang:DV:1:services:1')));
  const values = (name: string) => below(assertion, ns.assertion, 'Attribute').filter((a) => a.getAttribute('Name') === name).flatMap((a) => below(a, ns.assertion, 'AttributeValue'));

  test('the assertion is signed and bound to the request, the receiver and two minutes', () => {
    expect(assertion.documentElement?.localName).toBe('Assertion');
    const data = below(assertion, ns.assertion, 'SubjectConfirmationData')[0];
    expect(data?.getAttribute('InResponseTo')).toBe('_request');
    expect(data?.getAttribute('Recipient')).toBe(acsUrl);
    expect(data?.getAttribute('NotOnOrAfter')).toBe('2026-03-02T10:02:00.000Z');
    expect(text(below(assertion, ns.assertion, 'Audience')[0])).toBe(provider.entityId);
    expect(text(below(assertion, ns.assertion, 'AuthnContextClassRef')[0])).toBe(level);
    expect(below(assertion, ns.assertion, 'AuthnStatement')[0]?.getAttribute('AuthnInstant')).toBe('2026-03-02T10:00:00.000Z');
  });

  test('names the organisation by KvK number and RSIN, the person by a pseudonym and a name', () => {
    const organisation = values('urn:etoegang:core:LegalSubjectID').map((v) => below(v, ns.assertion, 'NameID')[0]);
    expect(organisation.map((n) => [n?.getAttribute('NameQualifier'), text(n)])).toEqual([
      ['urn:etoegang:1.9:EntityConcernedID:KvKnr', '99990001'],
      ['urn:etoegang:1.9:EntityConcernedID:RSIN', '999900109'],
    ]);
    expect(text(values('urn:etoegang:core:ActingSubjectID')[0])).toBe('abc@def');
    expect(text(values('urn:etoegang:core:Representation')[0])).toBe('true');
    expect(text(values('urn:etoegang:1.11:attribute-represented:CompanyName')[0])).toBe('Gemeente "Lissendam"');
    expect(text(values('urn:etoegang:1.9:attribute:FamilyName')[0])).toBe('van der <Linde> & Co');
  });

  test('a cancel is a signed answer without assertion', () => {
    const answer = parseXml(signedPart(failureResponse(envelope, { top: 'Responder', second: 'AuthnFailed', message: 'Authentication cancelled' })));
    expect(answer.documentElement?.localName).toBe('Response');
    expect(below(answer, ns.protocol, 'StatusCode').map((c) => c.getAttribute('Value')?.split(':').at(-1))).toEqual(['Responder', 'AuthnFailed']);
    expect(text(below(answer, ns.protocol, 'StatusMessage')[0])).toBe('Authentication cancelled');
    expect(below(answer, ns.assertion, 'Assertion')).toHaveLength(0);
  });
});
