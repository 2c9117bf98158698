import { createPublicKey } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import {
  acsUrl, assertionXml, audience, conditions, confirmation, encode, instant, issuer, now, requestId, responseXml, restriction,
  rsaKeys, signatureOf, signRoot, statement, statusXml, subject, usualAttributes, type AssertionParts, type SignOptions,
} from '../../../test/support/saml.ts';
import { BrokerRefusal } from '../broker.ts';
import { judgeResponse } from './guard.ts';

const broker = rsaKeys();
const attacker = rsaKeys();
const key = createPublicKey(broker.publicKey);

function codeOf(xml: string, encoded = encode(xml)): string {
  try {
    const verdict = judgeResponse(encoded, { issuer, keys: [key], audience, acsUrl, requestId, askedAt: now - 30, forceAuthn: true, now });
    return verdict.ok ? 'BELIEVED' : verdict.code;
  } catch (error) {
    return error instanceof BrokerRefusal ? error.code : `CRASH ${String(error)}`;
  }
}

const signed = (parts: Partial<AssertionParts> = {}, options: SignOptions = {}): string => signRoot(assertionXml(parts), broker, options);
const answer = (parts: Partial<AssertionParts> = {}, options: SignOptions = {}): string => responseXml({ content: signed(parts, options) });
const good = signed();
const evil = assertionXml({ id: '_evil', attributes: usualAttributes.replace('acting@1', 'victim@1') });
const signature = signatureOf(good);
const unsignedGood = good.replace(signature, '');
const within = (outer: string, content: string, before: string): string => outer.replace(before, () => content + before);
const object = (content: string): string => `<ds:Object>${content}</ds:Object></ds:Signature>`;

test('the yardstick: the same message without an attack is believed', () => {
  expect(codeOf(responseXml({ content: good }))).toBe('BELIEVED');
});

function wrappedResponse(how: 'object' | 'sibling'): string {
  const original = signRoot(responseXml({ content: good }), broker);
  const own = signatureOf(original);
  const bare = original.replace(own, '');
  const head = how === 'object' ? own.replace('</ds:Signature>', () => object(bare)) : bare + own;
  return responseXml({ id: '_forged', head, content: evil });
}

describe('signature wrapping', () => {
  const advice = (content: string): string => `<saml:Advice>${content}</saml:Advice>`;
  const cases: [string, string, string][] = [
    ['XSW1: original Response in ds:Object', wrappedResponse('object'), 'broker.structure'],
    ['XSW2: original Response beside the signature', wrappedResponse('sibling'), 'broker.structure'],
    ['XSW3: forged assertion before the signed one', responseXml({ content: evil + good }), 'broker.structure'],
    ['XSW3b: forged assertion after the signed one', responseXml({ content: good + evil }), 'broker.structure'],
    ['XSW4: signed assertion inside the forged one', responseXml({ content: within(evil, good, '</saml:Assertion>') }), 'broker.structure'],
    ['XSW5: signature in the forged one, original at the end', responseXml({ content: within(evil, signature, '<saml:Subject>') + unsignedGood }), 'broker.structure'],
    ['XSW6: original inside the signature of the forged one', responseXml({ content: within(evil, signature.replace('<ds:KeyInfo>', () => `${unsignedGood}<ds:KeyInfo>`), '<saml:Subject>') }), 'broker.structure'],
    ['XSW7: forged assertion in Extensions', responseXml({ head: `<samlp:Extensions>${evil}</samlp:Extensions>`, content: good }), 'broker.structure'],
    ['XSW8: original in ds:Object of the forged one', responseXml({ content: within(evil, signature.replace('</ds:Signature>', () => object(unsignedGood)), '<saml:Subject>') }), 'broker.structure'],
    ['the signature of another element', responseXml({ content: within(evil, signature, '<saml:Subject>') }), 'broker.structure'],
    ['the same with its ID', responseXml({ content: within(evil.replace('_evil', '_assertion'), signature, '<saml:Subject>') }), 'broker.signature'],
    ['original in the Advice of the forged one', responseXml({ content: within(evil, advice(good), '<saml:AuthnStatement') }), 'broker.structure'],
    ['the same with the signature moved up', responseXml({ content: within(within(evil, signature, '<saml:Subject>'), advice(unsignedGood), '<saml:AuthnStatement') }), 'broker.structure'],
    ['an encrypted assertion beside it', responseXml({ content: `${good}<saml:EncryptedAssertion/>` }), 'broker.structure'],
    ['an assertion in the status', responseXml({ status: statusXml('Success').replace('</samlp:Status>', () => `<samlp:StatusDetail>${evil}</samlp:StatusDetail></samlp:Status>`), content: good }), 'broker.structure'],
    ['a Response inside another element', `<wrap>${responseXml({ content: good })}</wrap>`, 'broker.structure'],
    ['the assertion alone', good, 'broker.structure'],
    ['two statuses', responseXml({ head: statusXml('Success'), content: good }), 'broker.structure'],
    ['two elements with one ID', responseXml({ content: signed({ advice: advice('<x:y xmlns:x="urn:x" Id="_response"/>') }) }), 'broker.structure'],
    ['a duplicate ID written xml:id', responseXml({ content: signed({ advice: '<saml:Advice xml:id="_response"/>' }) }), 'broker.structure'],
    ['a second signature in the assertion', responseXml({ content: good.replace(signature, () => signature + signature) }), 'broker.structure'],
    ['another message with the same content', responseXml({ content: good }).replaceAll('samlp:Response', 'samlp:ArtifactResponse'), 'broker.structure'],
    ['an unknown element in the Response', responseXml({ content: `${good}<x/>` }), 'broker.structure'],
    ['a signature in the status', responseXml({ status: statusXml('Success').replace('</samlp:Status>', () => `${signature}</samlp:Status>`), content: good }), 'broker.structure'],
    ['an empty reference', responseXml({ content: good.replace('URI="#_assertion"', 'URI=""') }), 'broker.structure'],
  ];
  test.each(cases)('%s', (_name, xml, code) => { expect(codeOf(xml)).toBe(code); });
});

describe('what the bytes may hold', () => {
  const split = (inside: string): string => responseXml({ content: good.replace('acting@1', () => `acting${inside}@1`) });
  const cases: [string, string, string][] = [
    ['a comment in a name', split('<!-- x -->'), 'broker.forbidden_xml'],
    ['CDATA', split('<![CDATA[x]]>'), 'broker.forbidden_xml'],
    ['a processing instruction', split('<?x y?>'), 'broker.forbidden_xml'],
    ['a DOCTYPE', `<!DOCTYPE x>${responseXml({ content: good })}`, 'broker.forbidden_xml'],
    ['an entity', `<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>${split('&e;')}`, 'broker.forbidden_xml'],
    ['billion laughs', `<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>${split('&b;')}`, 'broker.forbidden_xml'],
    ['an undeclared entity', split('&e;'), 'broker.malformed'],
    ['a control character', split('\u0001'), 'broker.forbidden_xml'],
    ['a control character, written as a reference', split('&#1;'), 'broker.signature'],
    ['an end that is missing', responseXml({ content: good }).slice(0, -3), 'broker.malformed'],
    ['text after the root', `${responseXml({ content: good })}x`, 'broker.malformed'],
    ['two roots', responseXml({ content: good }) + good, 'broker.malformed'],
    ['an attribute twice', responseXml({ content: good }).replace(' Version', ' ID="_x" Version'), 'broker.malformed'],
    ['an attribute without quotes', responseXml({ content: good }).replace('Version="2.0"', 'Version=2.0'), 'broker.malformed'],
    ['an unbound prefix', split('<q:b/>'), 'broker.malformed'],
    ['no XML', 'hello', 'broker.malformed'],
  ];
  test.each(cases)('%s', (_name, xml, code) => { expect(codeOf(xml)).toBe(code); });

  test('no base64, no UTF-8, nothing, too much', () => {
    expect(codeOf('', '<xml/>')).toBe('broker.malformed');
    expect(codeOf('', `${encode(responseXml({ content: good }))}*`)).toBe('broker.malformed');
    expect(codeOf('', Buffer.from([0xff, 0xfe, 0x41]).toString('base64'))).toBe('broker.malformed');
    expect(codeOf('', '')).toBe('broker.malformed');
    expect(codeOf('', 'A'.repeat(256 * 1024 + 1))).toBe('broker.too_large');
  });
});

describe('signatures', () => {
  const more = 'http://www.w3.org/2001/04/xmldsig-more#';
  const inclusive = 'http://www.w3.org/TR/2001/REC-xml-c14n-20010315';
  const exclusive = 'http://www.w3.org/2001/10/xml-exc-c14n#';
  const enveloped = 'http://www.w3.org/2000/09/xmldsig#enveloped-signature';
  const digestValue = /<ds:DigestValue>[^<]*<\/ds:DigestValue>/.exec(good)?.[0] ?? '';
  const reference = /<ds:Reference[\s\S]*<\/ds:Reference>/.exec(good)?.[0] ?? '';
  const info = /<ds:SignedInfo[\s\S]*<\/ds:SignedInfo>/.exec(good)?.[0] ?? '';
  const inGood = (from: string | RegExp, to: string): string => responseXml({ content: good.replace(from, () => to) });
  const evilKey = `<ds:KeyValue>${attacker.publicKey}</ds:KeyValue><ds:X509Data><ds:X509Certificate>AAAA</ds:X509Certificate></ds:X509Data>`;
  const xpath = '<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"><ds:XPath>1</ds:XPath></ds:Transform>';
  const cases: [string, string, string][] = [
    ['none', responseXml({ content: assertionXml() }), 'broker.structure'],
    ['only the Response signed', signRoot(responseXml({ content: assertionXml() }), broker), 'broker.structure'],
    ['another key', responseXml({ content: signRoot(assertionXml(), attacker) }), 'broker.signature'],
    ['another key, offered in KeyInfo', responseXml({ content: signRoot(assertionXml(), attacker, { keyInfo: evilKey }) }), 'broker.signature'],
    ['the Response signed with another key', signRoot(responseXml({ content: good }), attacker), 'broker.signature'],
    ['a failure signed with another key', signRoot(responseXml({ status: statusXml('Responder', 'AuthnFailed') }), attacker), 'broker.signature'],
    ['content changed', inGood('acting@1', 'victim@1'), 'broker.signature'],
    ['level raised', inGood('class:loa3', 'class:loa4'), 'broker.signature'],
    ['the signed Response changed', signRoot(responseXml({ content: good }), broker).replace('<samlp:Status>', '<samlp:Status> '), 'broker.signature'],
    ['digest changed', inGood(digestValue, `<ds:DigestValue>${'A'.repeat(43)}=</ds:DigestValue>`), 'broker.signature'],
    ['value empty', inGood(/<ds:SignatureValue>[^<]*/, '<ds:SignatureValue>'), 'broker.structure'],
    ['value not base64', inGood('<ds:SignatureValue>', '<ds:SignatureValue>*'), 'broker.structure'],
    ['rsa-sha1', answer({}, { signature: 'http://www.w3.org/2000/09/xmldsig#rsa-sha1' }), 'broker.algorithm'],
    ['sha1 digest', answer({}, { digest: 'http://www.w3.org/2000/09/xmldsig#sha1' }), 'broker.algorithm'],
    ['hmac with the public key', inGood(`${more}rsa-sha256`, `${more}hmac-sha256`), 'broker.algorithm'],
    ['an unknown algorithm', inGood(`${more}rsa-sha256`, 'constructor'), 'broker.algorithm'],
    ['inclusive canonicalization of SignedInfo', answer({}, { canonicalization: inclusive }), 'broker.algorithm'],
    ['canonicalization with comments', answer({}, { canonicalization: `${exclusive}WithComments` }), 'broker.algorithm'],
    ['inclusive canonicalization of the content', answer({}, { transforms: [enveloped, inclusive] }), 'broker.algorithm'],
    ['only the enveloped transform', answer({}, { transforms: [enveloped] }), 'broker.algorithm'],
    ['a transform more', answer({}, { transforms: [enveloped, exclusive, exclusive] }), 'broker.algorithm'],
    ['an XPath transform', inGood(`<ds:Transform Algorithm="${enveloped}"/>`, xpath), 'broker.algorithm'],
    ['SAMLStorm: a comment in the digest', inGood('<ds:DigestValue>', '<ds:DigestValue><!--x-->'), 'broker.forbidden_xml'],
    ['SAMLStorm: two SignedInfo', inGood(info, info + info), 'broker.structure'],
    ['SAMLStorm: a second DigestValue', inGood(digestValue, digestValue + digestValue), 'broker.structure'],
    ['SAMLStorm: an element in the digest', inGood('<ds:DigestValue>', '<ds:DigestValue><ds:x/>'), 'broker.structure'],
    ['two references', inGood(reference, reference + reference), 'broker.structure'],
    ['no reference', inGood(reference, ''), 'broker.structure'],
    ['an element more in the reference', inGood('</ds:Reference>', '<ds:Extra/></ds:Reference>'), 'broker.structure'],
    ['an ID that is no name', answer({ id: '1 2' }), 'broker.structure'],
    ['ds:Object', inGood('</ds:Signature>', object('<x/>')), 'broker.structure'],
    ['an extra element in SignedInfo', inGood('</ds:SignedInfo>', '<ds:Extra/></ds:SignedInfo>'), 'broker.structure'],
  ];
  test.each(cases)('%s', (_name, xml, code) => { expect(codeOf(xml)).toBe(code); });

  test('markup inside a namespace, which the canonicalizer writes out unescaped, cannot become content', () => {
    const injected = good.replace('<saml:Subject>', '<saml:Subject xmlns:q=\'u"&gt;&lt;saml:NameID/>\' q:a="1">');
    expect(codeOf(responseXml({ content: injected }))).toMatch(/^broker\./);
  });
});

describe('what the envelope says', () => {
  const failure = statusXml('Responder', 'AuthnFailed');
  const cases: [string, string, string][] = [
    ['another issuer', responseXml({ issuer: 'urn:other', content: good }), 'broker.issuer'],
    ['another destination', responseXml({ destination: `${acsUrl}/x`, content: good }), 'broker.destination'],
    ['no destination', responseXml({ content: good }).replace(/ Destination="[^"]*"/, ''), 'broker.destination'],
    ['unsolicited', responseXml({ content: good }).replace(/ InResponseTo="[^"]*"/, ''), 'broker.unsolicited'],
    ['an answer to another request', responseXml({ inResponseTo: '_other', content: good }), 'broker.unsolicited'],
    ['another version', responseXml({ version: '1.1', content: good }), 'broker.structure'],
    ['issued long ago', responseXml({ issueInstant: instant(now - 400), content: good }), 'broker.expired'],
    ['issued in the future', responseXml({ issueInstant: instant(now + 90), content: good }), 'broker.expired'],
    ['issued at no known time', responseXml({ content: good }).replace(/ IssueInstant="[^"]*"/, ''), 'broker.structure'],
    ['no ID', responseXml({ content: good }).replace(' ID="_response"', ''), 'broker.structure'],
    ['issued at no time', responseXml({ issueInstant: 'yesterday', content: good }), 'broker.structure'],
    ['a failure beside an assertion', responseXml({ status: failure, content: good }), 'broker.structure'],
    ['success without an assertion', responseXml(), 'broker.structure'],
    ['a failure of another broker', responseXml({ issuer: 'urn:other', status: failure }), 'broker.issuer'],
    ['a failure for another address', responseXml({ destination: 'https://other.example', status: failure }), 'broker.destination'],
    ['a failure nobody asked for', responseXml({ inResponseTo: '_other', status: failure }), 'broker.unsolicited'],
  ];
  test.each(cases)('%s', (_name, xml, code) => { expect(codeOf(xml)).toBe(code); });
});

describe('what the assertion says', () => {
  const confirmed = (...args: Parameters<typeof confirmation>): string => answer({ subject: subject(confirmation(...args)) });
  const cases: [string, string, string][] = [
    ['another issuer', answer({ issuer: 'urn:other' }), 'broker.issuer'],
    ['another version', answer({ version: '1.1' }), 'broker.structure'],
    ['issued long ago', answer({ issueInstant: instant(now - 400) }), 'broker.expired'],
    ['no Conditions', answer({ conditions: '' }), 'broker.structure'],
    ['Conditions over', answer({ conditions: conditions(undefined, now - 300, now - 60) }), 'broker.expired'],
    ['Conditions to come', answer({ conditions: conditions(undefined, now + 61) }), 'broker.expired'],
    ['Conditions without an end', answer({ conditions: conditions().replace(/ NotOnOrAfter="[^"]*"/, '') }), 'broker.expired'],
    ['an unknown condition', answer({ conditions: conditions(`${restriction(audience)}<saml:Condition/>`) }), 'broker.structure'],
    ['another audience', answer({ conditions: conditions(restriction('urn:other')) }), 'broker.audience'],
    ['a second restriction without us', answer({ conditions: conditions(restriction(audience) + restriction('urn:other')) }), 'broker.audience'],
    ['no audience', answer({ conditions: conditions('') }), 'broker.audience'],
    ['another recipient', confirmed({ recipient: `${acsUrl}/x` }), 'broker.recipient'],
    ['confirmation over', confirmed({ until: instant(now - 60) }), 'broker.expired'],
    ['confirmation of another request', confirmed({ inResponseTo: '_other' }), 'broker.unsolicited'],
    ['confirmation with NotBefore', confirmed({ more: ` NotBefore="${instant(now)}"` }), 'broker.confirmation'],
    ['holder of key', confirmed({ method: 'holder-of-key' }), 'broker.confirmation'],
    ['sender vouches', confirmed({ method: 'sender-vouches' }), 'broker.confirmation'],
    ['no confirmation', answer({ subject: subject('') }), 'broker.confirmation'],
    ['two confirmations', answer({ subject: subject(confirmation() + confirmation({ recipient: 'urn:other' })) }), 'broker.confirmation'],
    ['confirmation without data', answer({ subject: subject(confirmation().replace(/<saml:SubjectConfirmationData[^>]*>/, '')) }), 'broker.confirmation'],
    ['no subject', answer({ subject: '' }), 'broker.structure'],
    ['no statement about the login', answer({ statement: '' }), 'broker.structure'],
    ['two of them', answer({ statement: statement('loa2') + statement('loa4') }), 'broker.structure'],
    ['a login at no known time', answer({ statement: statement().replace(/ AuthnInstant="[^"]*"/, '') }), 'broker.structure'],
    ['a login of a year ago', answer({ statement: statement('loa3', now - 365 * 86_400) }), 'broker.stale'],
    ['a login before it was asked for', answer({ statement: statement('loa3', now - 91) }), 'broker.stale'],
    ['a login to come', answer({ statement: statement('loa3', now + 61) }), 'broker.stale'],
    ['a session that is over', answer({ statement: statement('loa3', now, ` SessionNotOnOrAfter="${instant(now - 60)}"`) }), 'broker.expired'],
  ];
  test.each(cases)('%s', (_name, xml, code) => { expect(codeOf(xml)).toBe(code); });
});

describe('more of something than any broker sends', () => {
  const advice = (content: string): string => answer({ advice: `<saml:Advice>${content}</saml:Advice>` });
  const ds = 'xmlns:ds="http://www.w3.org/2000/09/xmldsig#"';
  const numbered = (count: number, of: (n: number) => string): string => [...Array(count).keys()].map(of).join('');
  const cases: [string, string, string][] = [
    ['signatures', advice(numbered(8, () => `<ds:Signature ${ds}/>`)), 'broker.structure'],
    ['references', advice(`<ds:Signature ${ds}>${'<ds:Reference/>'.repeat(16)}</ds:Signature>`), 'broker.structure'],
    ['transforms', advice(`<ds:Signature ${ds}>${'<ds:Transform/>'.repeat(31)}</ds:Signature>`), 'broker.structure'],
    ['attributes', advice(`<x${numbered(33, (n) => ` a${n}=""`)}/>`), 'broker.structure'],
    ['attributes in all', advice(`<x${numbered(25, (n) => ` a${n}=""`)}/>`.repeat(200)), 'broker.structure'],
    ['elements', advice('<x/>'.repeat(3000)), 'broker.structure'],
    ['depth', advice('<x>'.repeat(39) + '</x>'.repeat(39)), 'broker.structure'],
    ['inclusive namespaces', answer({}, { prefixes: [...Array(17).keys()].map((n) => `p${n}`) }), 'broker.structure'],
    ['and what is within the limits', advice(`<ds:Signature ${ds}/><x${numbered(32, (n) => ` a${n}=""`)}/>${'<x>'.repeat(30)}${'</x>'.repeat(30)}`), 'BELIEVED'],
  ];
  test.each(cases)('%s', (_name, xml, code) => { expect(codeOf(xml)).toBe(code); });
});

describe('messages made to be slow are refused within a second of work', () => {
  const reference = /<ds:Reference[\s\S]*<\/ds:Reference>/.exec(good)?.[0] ?? '';
  const fill = (piece: string, room = 180_000): string => piece.repeat(Math.floor(room / piece.length));
  const attributes = [...Array(12_000).keys()].map((n) => ` a${n}=""`).join('');
  const prefixed = `<x ${[...Array(15).keys()].map((n) => `xmlns:p${n}="u" p${n}:b=""`).join(' ')}/>`;
  const subjectWith = (content: string): string => responseXml({ content: good.replace('<saml:Subject>', () => `<saml:Subject>${content}`) });
  const cases: [string, string, string][] = [
    ['repeated references', responseXml({ content: good.replace(reference, () => fill(reference)) }), 'broker.structure'],
    ['small references', responseXml({ content: good.replace(reference, () => fill('<ds:Reference/>', 40_000)) }), 'broker.structure'],
    ['repeated signatures', responseXml({ content: fill(signature) }), 'broker.structure'],
    ['repeated transforms', responseXml({ content: good.replace('<ds:Transforms>', () => `<ds:Transforms>${fill('<ds:Transform/>', 40_000)}`) }), 'broker.structure'],
    ['depth', fill('<a>', 90_000) + fill('</a>', 90_000), 'broker.structure'],
    ['attributes', `<a${attributes}/>`, 'broker.structure'],
    ['brackets', fill('<'), 'broker.malformed'],
    ['quotes', `<a ${fill('"')}`, 'broker.malformed'],
    ['an open tag', `<a ${fill('x')}`, 'broker.malformed'],
    ['many elements', responseXml({ content: fill('<a/>') }), 'broker.structure'],
    ['as many namespaces as may be', subjectWith(prefixed.repeat(160) + fill('x', 100_000)), 'broker.signature'],
    ['as many elements as may be, deep', subjectWith((fill('<a>', 90) + fill('</a>', 120)).repeat(95)), 'broker.signature'],
    ['much text', subjectWith(fill('x')), 'broker.signature'],
    ['many character references', subjectWith(fill('&#x41;')), 'broker.signature'],
    ['white space', responseXml({ content: good.replace('<ds:SignatureValue>', () => `<ds:SignatureValue>${fill(' \n')}`).replace('acting@1', 'x') }), 'broker.signature'],
  ];
  test.each(cases)('%s', (_name, xml, code) => {
    // Processor time, so that a busy machine does not fail the test.
    const start = process.cpuUsage();
    expect(codeOf(xml)).toBe(code);
    const { user, system } = process.cpuUsage(start);
    expect((user + system) / 1000).toBeLessThan(1000);
  });
});
