import { randomBytes } from 'node:crypto';
import { SignedXml } from 'xml-crypto';
import { escapeText } from '../html.ts';
import type { LoginRequest } from './request.ts';
import { algorithms, ns } from './xml.ts';

/** Who logged in, for which organisation. */
export type Subject = {
  pseudonym: string;
  givenName: string;
  familyName: string;
  organisation: { name: string; identifiers: Record<string, string> };
};

type Envelope = { issuer: string; request: LoginRequest; now: Date; key: string };

export type Failure = { top: 'Responder' | 'Requester'; second: 'AuthnFailed' | 'RequestUnsupported'; message: string };

const status = 'urn:oasis:names:tc:SAML:2.0:status:';

/** A Response with one signed assertion, in XML (SAML core 2.3, 3.3; eHerkenning attribute names of the catalogue). */
export function loginResponse(envelope: Envelope, subject: Subject, level: string, serviceId: string): string {
  const id = newId();
  const assertion = sign(assertionXml(id, envelope, subject, level, serviceId), id, 'Assertion', envelope.key);
  return responseXml(envelope, newId(), `<samlp:StatusCode Value="${status}Success"/>`, assertion);
}

/** A Response that says no: two status codes and a message, signed as a whole. */
export function failureResponse(envelope: Envelope, failure: Failure): string {
  const id = newId();
  const codes = `<samlp:StatusCode Value="${status}${failure.top}"><samlp:StatusCode Value="${status}${failure.second}"/></samlp:StatusCode>`
    + `<samlp:StatusMessage>${escapeText(failure.message)}</samlp:StatusMessage>`;
  return sign(responseXml(envelope, id, codes, ''), id, 'Response', envelope.key);
}

function responseXml({ issuer, request, now }: Envelope, id: string, codes: string, assertion: string): string {
  return `<samlp:Response xmlns:samlp="${ns.protocol}" xmlns:saml="${ns.assertion}" ID="${id}" Version="2.0"`
    + ` IssueInstant="${now.toISOString()}" Destination="${escapeText(request.acsUrl)}" InResponseTo="${escapeText(request.id)}">`
    + `<saml:Issuer>${escapeText(issuer)}</saml:Issuer><samlp:Status>${codes}</samlp:Status>${assertion}</samlp:Response>`;
}

function assertionXml(id: string, { issuer, request, now }: Envelope, subject: Subject, level: string, serviceId: string): string {
  const at = (seconds: number) => new Date(now.getTime() + seconds * 1000).toISOString();
  return `<saml:Assertion xmlns:saml="${ns.assertion}" ID="${id}" Version="2.0" IssueInstant="${at(0)}">`
    + `<saml:Issuer>${escapeText(issuer)}</saml:Issuer>`
    + `<saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:transient">${newId()}</saml:NameID>`
    + '<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">'
    + `<saml:SubjectConfirmationData InResponseTo="${escapeText(request.id)}" NotOnOrAfter="${at(120)}" Recipient="${escapeText(request.acsUrl)}"/>`
    + '</saml:SubjectConfirmation></saml:Subject>'
    + `<saml:Conditions NotBefore="${at(-5)}" NotOnOrAfter="${at(120)}"><saml:AudienceRestriction>`
    + `<saml:Audience>${escapeText(request.issuer)}</saml:Audience></saml:AudienceRestriction></saml:Conditions>`
    + `<saml:AuthnStatement AuthnInstant="${at(0)}" SessionIndex="${newId()}"><saml:AuthnContext>`
    + `<saml:AuthnContextClassRef>${escapeText(level)}</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>`
    + `<saml:AttributeStatement>${attributes(subject, serviceId)}</saml:AttributeStatement></saml:Assertion>`;
}

function attributes(subject: Subject, serviceId: string): string {
  const { kvk, rsin } = subject.organisation.identifiers;
  const entity = 'urn:etoegang:1.9:EntityConcernedID:';
  return [
    attribute('urn:etoegang:core:ServiceID', [escapeText(serviceId)]),
    attribute('urn:etoegang:core:ActingSubjectID', [nameId('urn:etoegang:1.13:EntityConcernedID:Pseudo', subject.pseudonym)]),
    attribute('urn:etoegang:core:LegalSubjectID', [
      ...(kvk ? [nameId(`${entity}KvKnr`, kvk)] : []),
      ...(rsin ? [nameId(`${entity}RSIN`, rsin)] : []),
    ]),
    attribute('urn:etoegang:core:Representation', ['true']),
    attribute('urn:etoegang:1.11:attribute-represented:CompanyName', [escapeText(subject.organisation.name)]),
    attribute('urn:etoegang:1.9:attribute:FirstName', [escapeText(subject.givenName)]),
    attribute('urn:etoegang:1.9:attribute:FamilyName', [escapeText(subject.familyName)]),
  ].join('');
}

function attribute(name: string, values: string[]): string {
  return `<saml:Attribute Name="${name}">${values.map((v) => `<saml:AttributeValue>${v}</saml:AttributeValue>`).join('')}</saml:Attribute>`;
}

function nameId(qualifier: string, value: string): string {
  return `<saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent" NameQualifier="${qualifier}">${escapeText(value)}</saml:NameID>`;
}

/** Enveloped signature right after the Issuer, where the schema wants it; no KeyInfo (the receiver has the key). */
function sign(xml: string, id: string, element: 'Assertion' | 'Response', key: string): string {
  const signer = new SignedXml({ privateKey: key, signatureAlgorithm: algorithms.rsaSha256, canonicalizationAlgorithm: algorithms.exclusive });
  signer.addReference({
    xpath: `//*[local-name(.)='${element}' and @ID='${id}']`,
    transforms: [algorithms.enveloped, algorithms.exclusive],
    digestAlgorithm: algorithms.sha256,
  });
  signer.computeSignature(xml, { prefix: 'ds', location: { reference: `/*[local-name(.)='${element}']/*[local-name(.)='Issuer']`, action: 'after' } });
  return signer.getSignedXml();
}

/** SAML core 1.3.4: unique; an XML id may not begin with a digit. */
function newId(): string {
  return `_${randomBytes(16).toString('hex')}`;
}
