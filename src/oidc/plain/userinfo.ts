import type { Provider } from 'oidc-provider';
import { accountFor } from '../account.ts';
import type { PlainParts, PlainRequest } from './plain.ts';
import { isOrdinary, tokenOf } from './token.ts';

/** OpenID Connect Core 1.0, section 5.3, with the token in the header (RFC 6750, section 2.1). Undefined: the library's. */
export async function userinfo(provider: Provider, parts: PlainParts, { authorization = '' }: PlainRequest): Promise<Record<string, unknown> | undefined> {
  const found = await tokenOf(provider, /^Bearer (\S+)$/.exec(authorization)?.[1]);
  if (!found?.token.scopes.has('openid')) return undefined;
  const { token, grant } = found;
  const client = await provider.Client.find(token.clientId);
  if (!isOrdinary(client)) return undefined;
  const account = await accountFor(parts, { client, provider, active: true }, { sub: token.accountId, grantId: token.grantId });
  if (!account) return undefined;
  const scope = grant.getOIDCScopeFiltered(token.scopes);
  const claims = new provider.Claims({ ...await account.claims('userinfo', scope, {}, []), sub: account.accountId }, { client } as never);
  claims.scope(scope);
  claims.rejected(grant.getRejectedOIDCClaims());
  return claims.result() as Promise<Record<string, unknown>>;
}
