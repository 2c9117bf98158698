import type { Element } from '@xmldom/xmldom';
import { BrokerRefusal } from '../broker.ts';

/** Seconds that two clocks may differ. */
export const skew = 60;
/** Seconds a message may be under way, and a forced login may be old. */
export const freshness = 300;

/**
 * Reads a SAML time (xs:dateTime in UTC, core 1.3.3) as epoch seconds; undefined when the attribute is absent.
 * @throws BrokerRefusal broker.structure when it is no such time
 */
export function timeOf(element: Element, attribute: string): number | undefined {
  const value = element.getAttribute(attribute);
  if (value === null || value === '') return undefined;
  const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/.test(value) ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(time)) throw new BrokerRefusal('broker.structure', `${attribute} is not a time in UTC`);
  return time / 1000;
}

/**
 * Checks a moment until which something holds; it must be there.
 * @throws BrokerRefusal broker.expired
 */
export function checkNotOver(element: Element, attribute: string, now: number): void {
  const until = timeOf(element, attribute);
  if (until === undefined) throw new BrokerRefusal('broker.expired', `no ${attribute} on ${element.localName ?? ''}`);
  if (now - skew >= until) throw new BrokerRefusal('broker.expired', `${element.localName ?? ''} is over`);
}
