import type { Provider } from 'oidc-provider';
import { mayBeTold } from '../account.ts';
import { clientOf } from './client.ts';
import type { PlainParts, PlainRequest } from './plain.ts';
import { isOpaque, isOrdinary, tokenOf } from './token.ts';

const fields = new Set(['token', 'token_type_hint']);

/** A service asks whether an access token of a person still counts (RFC 7662). Undefined: the library's, also when it does not. */
export async function introspection(provider: Provider, parts: PlainParts, { authorization, form }: PlainRequest): Promise<Record<string, unknown> | undefined> {
  const { token: value, token_type_hint: hint = 'access_token' } = form;
  if (hint !== 'access_token' || Object.keys(form).some((name) => !fields.has(name))) return undefined;
  // what can be no such token is not looked for twice
  const client = isOpaque(value) ? await clientOf(provider, authorization) : undefined;
  const found = client && await tokenOf(provider, value);
  if (!found) return undefined;
  const { token } = found;
  const owner = token.clientId === client.clientId ? client : await provider.Client.find(token.clientId);
  if (!isOrdinary(owner) || !await mayBeTold(parts, { client, provider, active: false }, token)) return undefined;
  return {
    active: true, sub: token.accountId, ...token.extra, client_id: token.clientId, exp: token.exp, iat: token.iat, sid: token['sid'], iss: provider.issuer,
    jti: token.jti === value ? undefined : token.jti, scope: token.scope || undefined, token_type: token.tokenType,
  };
}
