import { createPublicKey } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import {
  acsUrl, assertionXml, attribute, audience, encode, issuer, nameId, now, requestId, responseXml, rsaKeys, signRoot, statement, statusXml,
  usualAttributes, type SignOptions,
} from '../../../test/support/saml.ts';
import { readIdentity } from './attributes.ts';
import type { Expected } from './expected.ts';
import { judgeResponse, type Verdict } from './guard.ts';

const broker = rsaKeys();
const next = rsaKeys();
const keys = [createPublicKey(next.publicKey), createPublicKey(broker.publicKey)];

function judge(xml: string, changes: Partial<Expected> = {}): Verdict {
  return judgeResponse(encode(xml), { issuer, keys, audience, acsUrl, requestId, askedAt: now - 30, forceAuthn: true, now, ...changes });
}

function actingSubject(verdict: Verdict): string {
  return verdict.ok ? readIdentity(verdict.assertion, 'b').actingSubject : `refused ${verdict.code}`;
}

const response = (options: SignOptions = {}, signer = broker): string => responseXml({ content: signRoot(assertionXml(), signer, options) });

describe('answers that are believed', () => {
  test('a signed assertion', () => {
    const verdict = judge(response());
    expect(verdict).toMatchObject({
      ok: true, responseId: '_response', assertionId: '_assertion',
      authn: { classRef: 'urn:etoegang:core:assurance-class:loa3', at: now - 10 },
    });
    expect(actingSubject(verdict)).toBe('acting@1');
  });

  test('a signed assertion in a signed Response, with an XML declaration', () => {
    expect(actingSubject(judge(`<?xml version="1.0" encoding="UTF-8"?>\n${signRoot(response(), broker)}`))).toBe('acting@1');
  });

  test('either certificate while a broker replaces its own', () => {
    expect(judge(response({}, next)).ok).toBe(true);
  });

  test.each(['sha384', 'sha512'])('RSA with %s', (hash) => {
    expect(judge(response({ signature: `http://www.w3.org/2001/04/xmldsig-more#rsa-${hash}` })).ok).toBe(true);
  });

  test('a SHA-512 digest', () => {
    expect(judge(response({ digest: 'http://www.w3.org/2001/04/xmlenc#sha512' })).ok).toBe(true);
  });

  test('inclusive namespaces that only the Response declares', () => {
    const typed = usualAttributes.replace('<saml:AttributeValue>Anna', '<saml:AttributeValue xsi:type="xs:string">Anna');
    const declared = 'xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"';
    // Signed where the declarations are in scope, then moved to where only the Response declares them.
    const inPlace = signRoot(assertionXml({ attributes: typed }).replace(' ID=', ` ${declared} ID=`), broker, { prefixes: ['xs', 'xsi'] });
    const moved = responseXml({ content: inPlace.replace(` ${declared}`, '') }).replace(' ID=', ` ${declared} ID=`);
    expect(actingSubject(judge(moved))).toBe('acting@1');
  });

  test('assertions of other parties in the Advice are there and not read', () => {
    const other = signRoot(assertionXml({ id: '_ad', attributes: usualAttributes.replace('acting@1', 'other@1') }), rsaKeys());
    const advice = `<saml:Advice>${other}${other.replaceAll('_ad', '_mr')}</saml:Advice>`;
    const content = signRoot(assertionXml({ advice }), broker);
    expect(actingSubject(judge(responseXml({ content })))).toBe('acting@1');
  });

  test('text outside ASCII and characters that must be escaped', () => {
    const attributes = usualAttributes.replace('Anna', 'Zoë &lt;b&gt; &#x1F600;');
    const verdict = judge(responseXml({ content: signRoot(assertionXml({ attributes }), broker) }));
    expect(verdict.ok && readIdentity(verdict.assertion, 'b').person['given_name']).toBe('Zoë <b> 😀');
  });

  test('a login half an hour old, where no new login was asked for', () => {
    const old = responseXml({ content: signRoot(assertionXml({ statement: statement('loa3', now - 1800) }), broker) });
    expect(judge(old, { forceAuthn: false }).ok).toBe(true);
  });

  test('clocks that differ by almost a minute', () => {
    expect(judge(response(), { now: now + 59, askedAt: now + 40 }).ok).toBe(true);
    expect(judge(response(), { now: now - 59, askedAt: now - 60 }).ok).toBe(true);
  });
});

describe('failures', () => {
  test.each([
    ['Responder', 'AuthnFailed', 'cancelled'],
    ['Responder', 'RequestUnsupported', 'level_unavailable'],
    ['Requester', 'RequestUnsupported', 'level_unavailable'],
    ['Responder', 'NoAuthnContext', 'level_unavailable'],
    ['Requester', 'AuthnFailed', 'failed'],
    ['Requester', 'RequestDenied', 'failed'],
    ['Responder', undefined, 'failed'],
  ])('%s with %s is told as such', (top, below, code) => {
    expect(judge(responseXml({ status: statusXml(top, below) }))).toEqual({ ok: false, responseId: '_response', code });
  });

  test('a signed failure', () => {
    expect(judge(signRoot(responseXml({ status: statusXml('Responder', 'AuthnFailed') }), broker))).toMatchObject({ code: 'cancelled' });
  });
});

describe('attributes', () => {
  function identity(attributes: string): ReturnType<typeof readIdentity> {
    const verdict = judge(responseXml({ content: signRoot(assertionXml({ attributes }), broker) }));
    if (!verdict.ok) throw new Error('not believed');
    return readIdentity(verdict.assertion, 'kpn');
  }
  const acting = attribute('urn:etoegang:core:ActingSubjectID', nameId('a@1', 'Pseudo'));
  const legal = (...values: string[]): string => attribute('urn:etoegang:core:LegalSubjectID', ...values);

  test('the usual ones', () => {
    expect(identity(usualAttributes)).toEqual({
      id: 'kpn', actingSubject: 'acting@1', organisation: { kvk: '12345678', rsin: '123456782' },
      organisationName: 'Gemeente Voorbeeld & Co', person: { given_name: 'Anna' },
    });
  });

  test('bare text, e-mail and phone; kinds we do not keep are left out', () => {
    const attributes = attribute('urn:etoegang:core:ActingSubjectID', 'a@1') + legal(' 12345678 ', nameId('900184590', 'BSN'))
      + attribute('urn:etoegang:1.11:attribute:EmailAddress', 'a@b.example') + attribute('urn:etoegang:1.11:attribute:PhoneNumber', '+31600000000')
      + attribute('urn:etoegang:1.9:attribute:constructor', 'x');
    expect(identity(attributes)).toEqual({ id: 'kpn', actingSubject: 'a@1', organisation: { kvk: '12345678' }, person: { email: 'a@b.example', phone: '+31600000000' } });
  });

  const encrypted = '<saml:EncryptedID>x</saml:EncryptedID>';
  test.each([
    ['no acting person', legal('12345678')],
    ['two acting persons', acting + attribute('urn:etoegang:core:ActingSubjectID', nameId('b@1', 'Pseudo')) + legal('12345678')],
    ['an empty acting person', attribute('urn:etoegang:core:ActingSubjectID', '') + legal('12345678')],
    ['an encrypted one', attribute('urn:etoegang:core:ActingSubjectID', encrypted) + legal('12345678')],
    ['no organisation', acting],
    ['two numbers of one kind', acting + legal(nameId('12345678', 'KvKnr'), nameId('87654321', 'KvKnr'))],
    ['only a citizen', acting + legal(nameId('900184590', 'BSN'))],
  ])('%s is incomplete', (_name, attributes) => {
    expect(() => identity(attributes)).toThrow(expect.objectContaining({ code: 'broker.incomplete' }));
  });
});
