import type { Element } from '@xmldom/xmldom';
import { ns, status } from './names.ts';
import { childrenOf, onlyChild } from './xml.ts';

/** Why a broker did not log a person in; text keys follow from it. */
export type FailureCode = 'cancelled' | 'level_unavailable' | 'failed';

/**
 * Reads the status (eHerkenning: one code, one below it). AuthnFailed under Responder is what a cancel looks like.
 * @throws BrokerRefusal broker.structure when there is not exactly one
 */
export function readStatus(response: Element): 'success' | FailureCode {
  const top = onlyChild(onlyChild(response, ns.protocol, 'Status'), ns.protocol, 'StatusCode');
  const value = top.getAttribute('Value');
  if (value === status('Success')) return 'success';
  const below = childrenOf(top, ns.protocol, 'StatusCode')[0]?.getAttribute('Value');
  if (value === status('Responder') && below === status('AuthnFailed')) return 'cancelled';
  return below === status('RequestUnsupported') || below === status('NoAuthnContext') ? 'level_unavailable' : 'failed';
}
