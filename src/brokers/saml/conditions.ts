import type { Element } from '@xmldom/xmldom';
import { BrokerRefusal } from '../broker.ts';
import type { Expected } from './expected.ts';
import { ns } from './names.ts';
import { checkNotOver, skew, timeOf } from './time.ts';
import { childrenOf, onlyChild, textOf } from './xml.ts';

const understood = ['AudienceRestriction', 'OneTimeUse', 'ProxyRestriction'];

/**
 * Checks when and for whom an assertion holds (SAML core 2.5).
 * @throws BrokerRefusal broker.structure, expired or audience
 */
export function checkConditions(assertion: Element, expected: Expected): void {
  const conditions = onlyChild(assertion, ns.assertion, 'Conditions');
  // Not yet: the clocks differ too much, or the assertion was kept for later.
  const from = timeOf(conditions, 'NotBefore');
  if (from !== undefined && expected.now + skew < from) throw new BrokerRefusal('broker.expired', 'Conditions hold later');
  // No longer; an assertion without an end is refused too.
  checkNotOver(conditions, 'NotOnOrAfter', expected.now);
  // A condition that is not understood makes the assertion unusable (core 2.5.1.1).
  for (const child of childrenOf(conditions)) {
    if (child.namespaceURI !== ns.assertion || !understood.includes(child.localName ?? '')) throw new BrokerRefusal('broker.structure', 'unknown condition');
  }
  checkAudience(conditions, expected.audience);
}

/** Made for another service, the assertion would let that service log in as its users here. Every restriction must name us. */
function checkAudience(conditions: Element, audience: string): void {
  const restrictions = childrenOf(conditions, ns.assertion, 'AudienceRestriction');
  const forUs = restrictions.every((restriction) => childrenOf(restriction, ns.assertion, 'Audience').some((element) => textOf(element) === audience));
  if (restrictions.length === 0 || !forUs) throw new BrokerRefusal('broker.audience', 'we are not the audience');
}
