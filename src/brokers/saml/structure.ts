import type { Element } from '@xmldom/xmldom';
import { BrokerRefusal } from '../broker.ts';
import { ns } from './names.ts';
import { childrenOf, elementsOf, isNamed } from './xml.ts';

const maxSignatures = 8;
const maxReferences = 16;
const maxTransforms = 32;

/** The parts of a Response that may be looked at further. */
export type Shape = { response: Element; responseSigned: boolean; assertion: Element | undefined };

/**
 * Checks, before anything is verified or transformed, that there is only one way to read the message: signature
 * wrapping (XSW) needs a second assertion, a second ID or a signature in an odd place.
 * @throws BrokerRefusal broker.structure
 */
export function checkStructure(response: Element): Shape {
  // The root decides what the message is: a Response inside something else is not a Response.
  if (!isNamed(response, ns.protocol, 'Response')) refuse('the root is not a SAML Response');
  const all = elementsOf(response);
  checkCounts(all);
  checkIds(all);
  checkChildren(response);
  const assertion = findAssertion(response, all);
  checkSignaturePlaces(response, assertion, all);
  return { response, responseSigned: childrenOf(response, ns.signature, 'Signature').length > 0, assertion };
}

/** Each reference costs a canonicalization and each signature an RSA operation: 330 KB of them cost samlify 165 s. */
function checkCounts(all: Element[]): void {
  const count = (name: string): number => all.filter((element) => isNamed(element, ns.signature, name)).length;
  if (count('Signature') > maxSignatures) refuse('too many signatures');
  if (count('Reference') > maxReferences) refuse('too many references');
  if (count('Transform') > maxTransforms) refuse('too many transforms');
}

/** A reference must point at one element only, whatever spelling of ID another reader looks for. */
function checkIds(all: Element[]): void {
  const seen = new Set<string>();
  for (const element of all) {
    for (let index = 0; index < element.attributes.length; index += 1) {
      const attribute = element.attributes.item(index);
      if (attribute?.localName?.toLowerCase() !== 'id') continue;
      if (seen.has(attribute.value)) refuse('two elements with the same ID');
      seen.add(attribute.value);
    }
  }
}

/** Extensions are no use to us and a hiding place (XSW7), so the list is what eHerkenning sends and no more. */
function checkChildren(response: Element): void {
  const allowed: [string, string][] = [[ns.assertion, 'Issuer'], [ns.signature, 'Signature'], [ns.protocol, 'Status'], [ns.assertion, 'Assertion']];
  for (const child of childrenOf(response)) {
    if (!allowed.some(([namespace, name]) => isNamed(child, namespace, name))) refuse(`unexpected ${child.localName ?? ''} in Response`);
  }
  for (const [namespace, name] of allowed) {
    if (childrenOf(response, namespace, name).length > 1) refuse(`more than one ${name} in Response`);
  }
}

/** One assertion, directly under Response. eHerkenning nests those of its other parties in that one's Advice; never read. */
function findAssertion(response: Element, all: Element[]): Element | undefined {
  const [assertion] = childrenOf(response, ns.assertion, 'Assertion');
  for (const element of all) {
    if (element === assertion || !/^(Encrypted)?Assertion$/i.test(element.localName ?? '')) continue;
    if (!inAdviceOf(assertion, element)) refuse('an assertion outside its place');
  }
  return assertion;
}

function checkSignaturePlaces(response: Element, assertion: Element | undefined, all: Element[]): void {
  for (const element of all) {
    if (element.localName !== 'Signature') continue;
    const parent = element.parentNode;
    if (parent !== response && parent !== assertion && !inAdviceOf(assertion, element)) refuse('a signature outside its place');
  }
}

function inAdviceOf(assertion: Element | undefined, element: Element): boolean {
  if (!assertion) return false;
  for (let up = element.parentNode as Element | null; up && up.nodeType === 1; up = up.parentNode as Element | null) {
    if (isNamed(up, ns.assertion, 'Advice') && up.parentNode === assertion) return true;
  }
  return false;
}

function refuse(detail: string): never {
  throw new BrokerRefusal('broker.structure', detail);
}
