import type { Element } from '@xmldom/xmldom';
import { BrokerRefusal } from '../broker.ts';
import type { Expected } from './expected.ts';
import { bearer, ns } from './names.ts';
import { checkNotOver } from './time.ts';
import { childrenOf, onlyChild } from './xml.ts';

/**
 * Checks that whoever delivers the assertion may use it: bearer, here, now, for this request (SAML profiles 4.1.4.2).
 * @throws BrokerRefusal broker.structure, confirmation, recipient, expired or unsolicited
 */
export function checkConfirmation(assertion: Element, expected: Expected): void {
  const subject = onlyChild(assertion, ns.assertion, 'Subject');
  const [confirmation, ...others] = childrenOf(subject, ns.assertion, 'SubjectConfirmation');
  // One way to confirm: with two, the weaker one would decide. Holder-of-key and sender-vouches are not for browsers.
  if (!confirmation || others.length > 0 || confirmation.getAttribute('Method') !== bearer) throw new BrokerRefusal('broker.confirmation', 'not one bearer confirmation');
  const [data, ...more] = childrenOf(confirmation, ns.assertion, 'SubjectConfirmationData');
  if (!data || more.length > 0) throw new BrokerRefusal('broker.confirmation', 'no confirmation data');
  // The profile forbids NotBefore here.
  if (data.hasAttribute('NotBefore')) throw new BrokerRefusal('broker.confirmation', 'NotBefore in a bearer confirmation');
  // Signed, unlike Destination when only the assertion is signed.
  if (data.getAttribute('Recipient') !== expected.acsUrl) throw new BrokerRefusal('broker.recipient', 'Recipient is not our address');
  checkNotOver(data, 'NotOnOrAfter', expected.now);
  // Binds the signed bytes, not only the envelope, to the request of this browser.
  if (data.getAttribute('InResponseTo') !== expected.requestId) throw new BrokerRefusal('broker.unsolicited', 'the assertion answers another request');
}
