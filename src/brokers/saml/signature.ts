import { createHash, verify, type KeyObject } from 'node:crypto';
import type { Element } from '@xmldom/xmldom';
import { ExclusiveCanonicalization } from 'xml-crypto';
import { BrokerRefusal } from '../broker.ts';
import { digestHashes, enveloped, exclusiveC14n, ns, signatureHashes } from './names.ts';
import { childrenOf, isNamed, onlyChild, parsePlainXml, textOf } from './xml.ts';

const maxPrefixes = 16;

/**
 * Verifies the enveloped signature that is a direct child of `parent`, and gives back what was signed, parsed anew from
 * exactly the bytes that were hashed. Read from that element only, never from `parent`.
 * @throws BrokerRefusal broker.structure, broker.algorithm or broker.signature
 */
export function verifyEnveloped(parent: Element, keys: KeyObject[]): Element {
  const signature = onlyChild(parent, ns.signature, 'Signature');
  checkSignatureChildren(signature);
  // SignedInfo too is read from the bytes the signature covers: what another parser makes of the rest is of no concern.
  const signedInfo = canonicalize(onlyChild(signature, ns.signature, 'SignedInfo'), signature, []);
  const claim = readSignedInfo(parsePlainXml(signedInfo));
  checkReference(claim.uri, parent);
  checkSignatureValue(signedInfo, claim.hash, base64(onlyChild(signature, ns.signature, 'SignatureValue')), keys);
  const content = canonicalize(withoutSignature(parent), parent.parentNode as Element | null, claim.prefixes);
  // The digest ties the content to the signed reference.
  if (!createHash(claim.digestHash).update(content).digest().equals(claim.digest)) refuse('broker.signature', 'the content was changed after signing');
  return reread(content, parent);
}

/** KeyInfo may be there and is never read: a key inside a message proves nothing. Object could hide a second assertion. */
function checkSignatureChildren(signature: Element): void {
  const names = childrenOf(signature).map((child) => (child.namespaceURI === ns.signature ? child.localName : 'foreign')).join(' ');
  if (names !== 'SignedInfo SignatureValue KeyInfo' && names !== 'SignedInfo SignatureValue') refuse('broker.structure', `unexpected signature content: ${names}`);
}

type Claim = { hash: string; uri: string; prefixes: string[]; digestHash: string; digest: Buffer };

function readSignedInfo(signedInfo: Element): Claim {
  // Exactly these three: one signature covers one element.
  checkNames(signedInfo, ['CanonicalizationMethod', 'SignatureMethod', 'Reference']);
  const reference = onlyChild(signedInfo, ns.signature, 'Reference');
  checkNames(reference, ['Transforms', 'DigestMethod', 'DigestValue']);
  // Inclusive canonicalization and the variants with comments let text in that is not signed, or out that is.
  if (algorithm(signedInfo, 'CanonicalizationMethod') !== exclusiveC14n) refuse('broker.algorithm', 'canonicalization method');
  const transforms = childrenOf(onlyChild(reference, ns.signature, 'Transforms'));
  // XPath, XSLT and base64 transforms decide what is signed; only the two that SAML prescribes may.
  if (transforms.map((transform) => transform.getAttribute('Algorithm')).join(' ') !== `${enveloped} ${exclusiveC14n}`) refuse('broker.algorithm', 'transforms');
  return {
    hash: signatureHashes.get(algorithm(signedInfo, 'SignatureMethod')) ?? refuse('broker.algorithm', 'signature method'),
    uri: reference.getAttribute('URI') ?? '',
    prefixes: readPrefixes(transforms[1]),
    digestHash: digestHashes.get(algorithm(reference, 'DigestMethod')) ?? refuse('broker.algorithm', 'digest method'),
    digest: base64(onlyChild(reference, ns.signature, 'DigestValue')),
  };
}

function checkNames(element: Element, names: string[]): void {
  const found = childrenOf(element);
  const asExpected = found.length === names.length && found.every((child, index) => isNamed(child, ns.signature, names[index] ?? ''));
  if (!asExpected) refuse('broker.structure', `unexpected content of ${element.localName ?? ''}`);
}

function algorithm(parent: Element, name: string): string {
  return onlyChild(parent, ns.signature, name).getAttribute('Algorithm') ?? '';
}

function readPrefixes(transform: Element | undefined): string[] {
  const list = transform ? childrenOf(transform, ns.exclusive, 'InclusiveNamespaces')[0]?.getAttribute('PrefixList') : undefined;
  const prefixes = (list ?? '').split(/\s+/).filter((prefix) => prefix !== '');
  if (prefixes.length > maxPrefixes) refuse('broker.structure', 'too many inclusive namespaces');
  return prefixes;
}

/** The signature must be about the element it sits in, not about one elsewhere (XSW). */
function checkReference(uri: string, parent: Element): void {
  const id = parent.getAttribute('ID') ?? '';
  if (!/^[A-Za-z_][\w.-]{0,255}$/.test(id)) refuse('broker.structure', 'no usable ID');
  if (uri !== `#${id}`) refuse('broker.structure', 'the signature refers to another element');
}

/** Only the keys of the configuration count; there are two while a broker replaces its certificate. */
function checkSignatureValue(signedInfo: string, hash: string, value: Buffer, keys: KeyObject[]): void {
  const data = Buffer.from(signedInfo);
  if (!keys.some((key) => verify(hash, data, key, value))) refuse('broker.signature', 'not signed with a configured key');
}

function withoutSignature(parent: Element): Element {
  const copy = parent.cloneNode(true) as Element;
  copy.removeChild(onlyChild(copy, ns.signature, 'Signature'));
  return copy;
}

/** `above` is where the namespaces come from that the prefix list names and the element itself does not declare. */
function canonicalize(element: Element, above: Element | null, inclusiveNamespacesPrefixList: string[]): string {
  try {
    return new ExclusiveCanonicalization().process(element as never, { inclusiveNamespacesPrefixList, ancestorNamespaces: namespacesFrom(above) });
  } catch (error) {
    return refuse('broker.signature', `canonicalization failed: ${(error as Error).message}`);
  }
}

/** Declarations in scope, the outermost first: a later one of the same prefix wins. */
function namespacesFrom(element: Element | null): { prefix: string; namespaceURI: string }[] {
  if (!element || element.nodeType !== 1) return [];
  const own = [...Array(element.attributes.length).keys()].flatMap((index) => element.attributes.item(index) ?? [])
    .filter((attribute) => attribute.name.startsWith('xmlns:'))
    .map((attribute) => ({ prefix: attribute.localName ?? '', namespaceURI: attribute.value }));
  return [...namespacesFrom(element.parentNode as Element | null), ...own];
}

function reread(content: string, parent: Element): Element {
  const element = parsePlainXml(content);
  const same = isNamed(element, parent.namespaceURI ?? '', parent.localName ?? '') && element.getAttribute('ID') === parent.getAttribute('ID');
  if (!same) refuse('broker.structure', 'the signed bytes are another element');
  return element;
}

function base64(element: Element): Buffer {
  const value = textOf(element).replace(/\s+/g, '');
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(value)) refuse('broker.structure', `${element.localName ?? ''} is not base64`);
  return Buffer.from(value, 'base64');
}

function refuse(code: string, detail: string): never {
  throw new BrokerRefusal(code, detail);
}
