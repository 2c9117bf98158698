import { createSign, createVerify, generateKeyPairSync } from 'node:crypto';
import { SignedXml } from 'xml-crypto';

/** Builds answers of an imaginary broker, right and wrong, for tests. */

export const issuer = 'urn:etoegang:HM:00000000000000000001:entities:9001';
export const audience = 'https://sluis.example/ib/saml/metadata';
export const acsUrl = 'https://sluis.example/ib/saml/acs';
export const requestId = '_request';
/** 2026-03-02T12:00:00Z */
export const now = 1_772_452_800;

export type KeyPair = { publicKey: string; privateKey: string };

export function rsaKeys(modulusLength = 2048): KeyPair {
  return generateKeyPairSync('rsa', {
    modulusLength,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
}

/** A certificate to publish; its private key was thrown away. */
export const certificate = `-----BEGIN CERTIFICATE-----
MIIDDTCCAfWgAwIBAgIUWl3LNOkAUkc1L73bcrsWkqq2sTwwDQYJKoZIhvcNAQEL
BQAwFTETMBEGA1UEAwwKc2x1aXMgdGVzdDAgFw0yNjExMjIwNDM0MTBaGA8yMTI2
MTAyOTA0MzQxMFowFTETMBEGA1UEAwwKc2x1aXMgdGVzdDCCASIwDQYJKoZIhvcN
AQEBBQADggEPADCCAQoCggEBAL01uSeKkfIk9IzCqkZVf/IaHOQs/XfdPdRRPmpf
5FRVcx5IckFjaNuAsQkOT1rRhzMLn34z1JCiF1A4xynF+/wlb7We1uVchmjaDpsa
wnlVp2h4viNPJhQVciu2GQSx5tV6iqI+OYkIgEHH/tmNbs8Uhbs2pcu4UyJe3Sh2
QpzayqOPNOVbG7PidGL11ySssXFZxwFqOMCsJbdK1p3VEGcCPS06GCjdOsDdaCk+
wbCBbSe9QDos+8q7z9Oym74WsSutdvKRR3bGCvFA9zmo4fnopbEDjEb/tSNBh4HS
CpK144/dzZgl3FOUJFDULsZb8i3WvF199+AjDd+OFzPdIu8CAwEAAaNTMFEwHQYD
VR0OBBYEFFZ2eA0+v6juKYclTyB/ZvLnD74kMB8GA1UdIwQYMBaAFFZ2eA0+v6ju
KYclTyB/ZvLnD74kMA8GA1UdEwEB/wQFMAMBAf8wDQYJKoZIhvcNAQELBQADggEB
ALtSscU1g7+RJ6TnBIsIaVNC4EeS+MCj/W61X19zkRaTC3S/4YTHIi8oEJJEcMdz
GSMfCFNs00Ub6EBi3gb41ZuYLT8yYoZtobxTo3YSVt1rOjh+MWuMcVvfc0Gpstz8
Pd0BX5mt+P0q+GWPOta4UTAwXQHw8zXdAt0DJsXHG5yhuF1uJWmXgZzK2qG17voX
MKuurnLYSC++9uU9kSyQxrJVCqEcyXyg77KeflWsKQPXxh45sE842qi+xV40JOh2
95BK7gddCh5H0POrCQ947NIUdLqwWBsMEuxnEx+h5aG0j11vw1gtidcYN0WBUlTL
qguFF8gbylwIxWyUxTeBRe4=
-----END CERTIFICATE-----
`;

/** Epoch seconds as SAML writes them. */
export const instant = (seconds: number): string => new Date(seconds * 1000).toISOString();

const namespaces = 'xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol"';

export type AssertionParts = {
  id: string; issuer: string; issueInstant: string; version: string;
  subject: string; conditions: string; advice: string; statement: string; attributes: string;
};

export const nameId = (value: string, kind: string): string =>
  `<saml:NameID NameQualifier="urn:etoegang:1.9:EntityConcernedID:${kind}">${value}</saml:NameID>`;

export const attribute = (name: string, ...values: string[]): string =>
  `<saml:Attribute Name="${name}">${values.map((value) => `<saml:AttributeValue>${value}</saml:AttributeValue>`).join('')}</saml:Attribute>`;

export function confirmation(parts: { method?: string; recipient?: string; until?: string; inResponseTo?: string; more?: string } = {}): string {
  return `<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:${parts.method ?? 'bearer'}">`
    + `<saml:SubjectConfirmationData Recipient="${parts.recipient ?? acsUrl}" NotOnOrAfter="${parts.until ?? instant(now + 120)}"`
    + ` InResponseTo="${parts.inResponseTo ?? requestId}"${parts.more ?? ''}/></saml:SubjectConfirmation>`;
}

export const subject = (confirmations: string): string =>
  `<saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:transient">t1</saml:NameID>${confirmations}</saml:Subject>`;

export const restriction = (value: string): string =>
  `<saml:AudienceRestriction><saml:Audience>${value}</saml:Audience></saml:AudienceRestriction>`;

export const conditions = (content = restriction(audience), from = now - 5, until = now + 120): string =>
  `<saml:Conditions NotBefore="${instant(from)}" NotOnOrAfter="${instant(until)}">${content}</saml:Conditions>`;

export const statement = (level = 'loa3', at = now - 10, more = ''): string =>
  `<saml:AuthnStatement AuthnInstant="${instant(at)}"${more}><saml:AuthnContext>`
  + `<saml:AuthnContextClassRef>urn:etoegang:core:assurance-class:${level}</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>`;

export const usualAttributes = [
  attribute('urn:etoegang:core:ActingSubjectID', nameId('acting@1', 'Pseudo')),
  attribute('urn:etoegang:core:LegalSubjectID', nameId('12345678', 'KvKnr'), nameId('123456782', 'RSIN')),
  attribute('urn:etoegang:1.11:attribute-represented:CompanyName', 'Gemeente Voorbeeld &amp; Co'),
  attribute('urn:etoegang:1.9:attribute:FirstName', 'Anna'),
].join('');

/** An unsigned assertion that would be believed once signed. */
export function assertionXml(parts: Partial<AssertionParts> = {}): string {
  const attributes = parts.attributes ?? usualAttributes;
  return `<saml:Assertion ${namespaces} ID="${parts.id ?? '_assertion'}" Version="${parts.version ?? '2.0'}" IssueInstant="${parts.issueInstant ?? instant(now)}">`
    + `<saml:Issuer>${parts.issuer ?? issuer}</saml:Issuer>${parts.subject ?? subject(confirmation())}${parts.conditions ?? conditions()}`
    + `${parts.advice ?? ''}${parts.statement ?? statement()}<saml:AttributeStatement>${attributes}</saml:AttributeStatement></saml:Assertion>`;
}

export type ResponseParts = {
  id: string; issuer: string; destination: string; inResponseTo: string; issueInstant: string; version: string;
  status: string; head: string; content: string;
};

export const statusXml = (top: string, below?: string): string => {
  const value = (name: string): string => `Value="urn:oasis:names:tc:SAML:2.0:status:${name}"`;
  return `<samlp:Status><samlp:StatusCode ${value(top)}>${below ? `<samlp:StatusCode ${value(below)}/>` : ''}</samlp:StatusCode></samlp:Status>`;
};

/** A Response around `content`; `head` comes between Issuer and Status. */
export function responseXml(parts: Partial<ResponseParts> = {}): string {
  return `<samlp:Response ${namespaces} ID="${parts.id ?? '_response'}" Version="${parts.version ?? '2.0'}" IssueInstant="${parts.issueInstant ?? instant(now)}"`
    + ` Destination="${parts.destination ?? acsUrl}" InResponseTo="${parts.inResponseTo ?? requestId}">`
    + `<saml:Issuer>${parts.issuer ?? issuer}</saml:Issuer>${parts.head ?? ''}${parts.status ?? statusXml('Success')}${parts.content ?? ''}</samlp:Response>`;
}

export type SignOptions = {
  signature?: string; digest?: string; canonicalization?: string; transforms?: string[]; keyInfo?: string; prefixes?: string[];
};

const exclusive = 'http://www.w3.org/2001/10/xml-exc-c14n#';
const enveloped = 'http://www.w3.org/2000/09/xmldsig#enveloped-signature';

class RsaSha384 {
  getSignature = (info: string, key: string): string => createSign('sha384').update(info).sign(key, 'base64');
  verifySignature = (info: string, key: string, value: string): boolean => createVerify('sha384').update(info).verify(key, value, 'base64');
  getAlgorithmName = (): string => 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha384';
}

/** Signs the root element; the signature goes after its Issuer. */
export function signRoot(xml: string, keys: KeyPair, options: SignOptions = {}): string {
  const signer = new SignedXml({
    privateKey: keys.privateKey,
    signatureAlgorithm: options.signature ?? 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
    canonicalizationAlgorithm: (options.canonicalization ?? exclusive) as typeof exclusive,
    getKeyInfoContent: () => options.keyInfo ?? '<ds:KeyName>k1</ds:KeyName>',
  });
  signer.SignatureAlgorithms['http://www.w3.org/2001/04/xmldsig-more#rsa-sha384'] = RsaSha384 as never;
  signer.addReference({
    xpath: '/*',
    transforms: (options.transforms ?? [enveloped, exclusive]) as never,
    digestAlgorithm: options.digest ?? 'http://www.w3.org/2001/04/xmlenc#sha256',
    ...(options.prefixes ? { inclusiveNamespacesPrefixList: options.prefixes } : {}),
  });
  signer.computeSignature(xml, { prefix: 'ds', location: { reference: "/*/*[local-name(.)='Issuer']", action: 'after' } });
  return signer.getSignedXml();
}

/** The first signature in a text, as it stands there. */
export function signatureOf(xml: string): string {
  const found = /<ds:Signature[ >][\s\S]*?<\/ds:Signature>/.exec(xml)?.[0];
  if (!found) throw new Error('no signature');
  return found;
}

export const encode = (xml: string): string => Buffer.from(xml).toString('base64');
