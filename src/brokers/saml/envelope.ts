import type { Element } from '@xmldom/xmldom';
import { BrokerRefusal } from '../broker.ts';
import type { Expected } from './expected.ts';
import { entityFormat, ns } from './names.ts';
import { freshness, skew, timeOf } from './time.ts';
import { onlyChild, textOf } from './xml.ts';

/**
 * Checks whom a Response is from and for, and gives its ID.
 * @throws BrokerRefusal broker.structure, expired, issuer, destination or unsolicited
 */
export function checkEnvelope(response: Element, expected: Expected): string {
  checkMade(response, expected.now);
  checkIssuer(response, expected.issuer);
  // An answer made for another service provider must not be delivered here (bindings 3.5.5.2).
  if (response.getAttribute('Destination') !== expected.acsUrl) throw new BrokerRefusal('broker.destination', 'Destination is not our address');
  // An answer nobody in this browser asked for is login CSRF (profiles 4.1.4.3).
  if (response.getAttribute('InResponseTo') !== expected.requestId) throw new BrokerRefusal('broker.unsolicited', 'the Response answers another request');
  const id = response.getAttribute('ID');
  if (!id || id.length > 256) throw new BrokerRefusal('broker.structure', 'Response without a usable ID');
  return id;
}

/** Version and age of a Response or Assertion: the replay table remembers no longer than messages are believed. */
export function checkMade(element: Element, now: number): void {
  if (element.getAttribute('Version') !== '2.0') throw new BrokerRefusal('broker.structure', 'not SAML 2.0');
  const made = timeOf(element, 'IssueInstant');
  if (made === undefined) throw new BrokerRefusal('broker.structure', 'no IssueInstant');
  if (made > now + skew || made < now - freshness - skew) throw new BrokerRefusal('broker.expired', 'IssueInstant is too long ago or to come');
}

/** A key may be shared by two brokers of one supplier; the name may not. */
export function checkIssuer(element: Element, issuer: string): void {
  const found = onlyChild(element, ns.assertion, 'Issuer');
  const format = found.getAttribute('Format');
  if (textOf(found) !== issuer || (format && format !== entityFormat)) throw new BrokerRefusal('broker.issuer', `${element.localName ?? ''} is from another issuer`);
}
