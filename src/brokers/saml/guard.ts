import type { Element } from '@xmldom/xmldom';
import { BrokerRefusal } from '../broker.ts';
import { readAuthn, type Authn } from './authn.ts';
import { checkConditions } from './conditions.ts';
import { checkConfirmation } from './confirmation.ts';
import { checkEnvelope, checkIssuer, checkMade } from './envelope.ts';
import type { Expected } from './expected.ts';
import { decodeMessage } from './plain.ts';
import { verifyEnveloped } from './signature.ts';
import { readStatus, type FailureCode } from './statuses.ts';
import { checkStructure } from './structure.ts';
import { parsePlainXml } from './xml.ts';

/** What may be believed. `assertion` holds verified bytes only. */
export type Verdict =
  | { ok: true; responseId: string; assertionId: string; assertion: Element; authn: Authn }
  | { ok: false; responseId: string; code: FailureCode };

/**
 * Judges a SAMLResponse that came over POST: believed only on verified bytes (SAML profiles 4.1.4).
 * @throws BrokerRefusal with one of the codes broker.too_large, malformed, forbidden_xml, structure, signature, algorithm,
 * issuer, destination, audience, recipient, expired, unsolicited, confirmation or stale
 */
export function judgeResponse(field: string | undefined, expected: Expected): Verdict {
  // First what costs nothing: size, alphabet, forbidden markup, limits, then one reading of the whole.
  const { response, responseSigned, assertion: claimed } = checkStructure(parsePlainXml(decodeMessage(field)));
  // A signed envelope must verify even when the assertion inside is signed as well, and is then read from its own bytes.
  const envelope = responseSigned ? verifyEnveloped(response, expected.keys) : response;
  // The envelope is for us, from this broker, and answers the question this browser asked.
  const responseId = checkEnvelope(envelope, expected);
  const status = readStatus(envelope);
  if (status !== 'success') return judgeFailure(status, responseId, claimed);
  if (!claimed) throw new BrokerRefusal('broker.structure', 'success without an assertion');
  // Nothing above grants anything; from here on only the bytes the broker signed are read.
  const assertion = verifyEnveloped(claimed, expected.keys);
  checkMade(assertion, expected.now);
  checkIssuer(assertion, expected.issuer);
  checkConditions(assertion, expected);
  checkConfirmation(assertion, expected);
  return { ok: true, responseId, assertionId: assertion.getAttribute('ID') ?? '', assertion, authn: readAuthn(assertion, expected) };
}

/** A failure needs no signature: it grants nothing. It must not carry an assertion somebody might read. */
function judgeFailure(code: FailureCode, responseId: string, claimed: Element | undefined): Verdict {
  if (claimed) throw new BrokerRefusal('broker.structure', 'an assertion beside a failure');
  return { ok: false, responseId, code };
}
