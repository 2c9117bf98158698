import { DOMParser, type Element, type Node } from '@xmldom/xmldom';
import { BrokerRefusal } from '../broker.ts';
import { checkPlain, notXml } from './plain.ts';

const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;', '\t': '&#x9;', '\n': '&#xA;', '\r': '&#xD;' };

/** Makes a value safe in text and in attributes. Characters XML cannot hold at all are dropped. */
export function escapeXml(value: string): string {
  return value.replace(new RegExp(notXml, 'g'), '').replace(/[&<>"'\t\n\r]/g, (found) => escapes[found] ?? '');
}

/**
 * Parses XML that carries nothing but elements, attributes and text.
 * @throws BrokerRefusal broker.forbidden_xml, broker.structure (limits) or broker.malformed
 */
export function parsePlainXml(xml: string): Element {
  const text = checkPlain(xml);
  let root: Element | null;
  try {
    // Every complaint of the parser is final: a document it must repair may mean something else to another parser.
    const parser = new DOMParser({ locator: false, onError: (_level: string, message: string) => { throw new Error(message); } });
    root = parser.parseFromString(text, 'text/xml').documentElement;
  } catch (error) {
    throw new BrokerRefusal('broker.malformed', `not well-formed: ${(error as Error).message.slice(0, 200)}`);
  }
  if (!root) throw new BrokerRefusal('broker.malformed', 'no root element');
  return root;
}

export function isNamed(element: Element, namespace: string, name: string): boolean {
  return element.namespaceURI === namespace && element.localName === name;
}

/** Direct children that are elements; all, or those of one name. */
export function childrenOf(parent: Element, namespace?: string, name?: string): Element[] {
  const found: Element[] = [];
  for (let node: Node | null = parent.firstChild; node; node = node.nextSibling) {
    if (node.nodeType !== 1) continue;
    const element = node as Element;
    if (name === undefined || isNamed(element, namespace ?? '', name)) found.push(element);
  }
  return found;
}

/** The element and everything under it, in document order. Depth is limited before parsing, so recursion is safe. */
export function elementsOf(root: Element): Element[] {
  return [root, ...childrenOf(root).flatMap((child) => elementsOf(child))];
}

/**
 * The one child of that name.
 * @throws BrokerRefusal broker.structure when there is none, or more than one
 */
export function onlyChild(parent: Element, namespace: string, name: string): Element {
  const [first, ...rest] = childrenOf(parent, namespace, name);
  if (!first || rest.length > 0) throw new BrokerRefusal('broker.structure', `expected exactly one ${name} in ${parent.localName ?? ''}`);
  return first;
}

/**
 * The text of an element that holds text only, without the white space around it.
 * @throws BrokerRefusal broker.structure when it has child elements
 */
export function textOf(element: Element): string {
  if (childrenOf(element).length > 0) throw new BrokerRefusal('broker.structure', `${element.localName ?? ''} holds elements instead of text`);
  return (element.textContent ?? '').trim();
}
