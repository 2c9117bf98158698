import { createHash } from 'node:crypto';
import type { Provider } from 'oidc-provider';
import type { Database } from '../store/database.ts';
import { findGrant } from '../store/grants.ts';
import { Unavailable } from '../store/unavailable.ts';

export type FaceLogin = { accountId: string; /** null: the login is for none */ organisationId: string | null; sessionId: string; grantId: string };

/** PKCE, as for any client (RFC 7636 section 4.2). */
export function challengeOf(verifier: string): string {
  return createHash('sha256').update(verifier).digest('base64url');
}

/**
 * Redeems an authorization code of one of our own faces inside the process: the same single-use code as any client's,
 * without a call to ourselves over HTTP. Undefined when the code is unknown, used, expired or another client's.
 */
export async function redeemFaceCode(provider: Provider, { code, verifier }: { code: string; verifier: string }, clientId: string, database: Database): Promise<FaceLogin | undefined> {
  const found = await provider.AuthorizationCode.find(code);
  if (!found || found.clientId !== clientId || found.codeChallenge !== challengeOf(verifier) || !found.isValid || !found.accountId || !found.grantId) return undefined;
  try {
    await found.consume();
  } catch (error) {
    if (error instanceof Unavailable) throw error;
    return undefined;
  }
  const grant = await findGrant(database.db, found.grantId);
  if (!grant) return undefined;
  return { accountId: found.accountId, organisationId: grant.organisation_id, sessionId: grant.session_id, grantId: grant.id };
}
