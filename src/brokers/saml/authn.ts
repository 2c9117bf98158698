import type { Element } from '@xmldom/xmldom';
import { BrokerRefusal } from '../broker.ts';
import type { Expected } from './expected.ts';
import { ns } from './names.ts';
import { freshness, skew, timeOf } from './time.ts';
import { onlyChild, textOf } from './xml.ts';

/** Longest session a person may have with an authentication service (ETD, single sign-on): 2 hours. */
const sessionAge = 7200;

/** How and when (epoch seconds) the person logged in at the broker. */
export type Authn = { classRef: string; at: number };

/**
 * Reads the one statement about the login itself.
 * @throws BrokerRefusal broker.structure, stale or expired
 */
export function readAuthn(assertion: Element, expected: Expected): Authn {
  const statement = onlyChild(assertion, ns.assertion, 'AuthnStatement');
  const classRef = textOf(onlyChild(onlyChild(statement, ns.assertion, 'AuthnContext'), ns.assertion, 'AuthnContextClassRef'));
  const at = timeOf(statement, 'AuthnInstant');
  if (at === undefined) throw new BrokerRefusal('broker.structure', 'no AuthnInstant');
  checkAge(at, expected);
  // The broker's own session with the person may be over before the assertion is.
  const until = timeOf(statement, 'SessionNotOnOrAfter');
  if (until !== undefined && expected.now - skew >= until) throw new BrokerRefusal('broker.expired', 'the session at the broker is over');
  return { classRef, at: Math.min(Math.floor(at), expected.now) };
}

/** ForceAuthn asked for a login now: one from before the question, or long ago, shows that it was ignored. */
function checkAge(at: number, { now, askedAt, forceAuthn }: Expected): void {
  const oldest = forceAuthn ? Math.max(askedAt, now - freshness) : now - sessionAge;
  if (at > now + skew) throw new BrokerRefusal('broker.stale', 'AuthnInstant is to come');
  if (at < oldest - skew) throw new BrokerRefusal('broker.stale', 'the login is too long ago');
}
