import { errors, type Client, type Configuration, type Grant, type KoaContextWithOIDC } from 'oidc-provider';
import type { Realm } from '../config/schema.ts';
import { scopeClaims } from './claims.ts';

/** A request object lives at most so long, in seconds (as FAPI 2.0 Message Signing 5.3.1 has it). */
const longestRequestObject = 3600;

/** NL GOV asks `state` and `nonce` of every login (OIDC-NLGOV 1.0.1, 4.2.1; row O29): a client that forgets them is told. */
export function loginParameters(realm: Realm): NonNullable<Configuration['extraParams']> {
  if (realm.profile !== 'nlgov') return [];
  const required = (name: string) => async (_ctx: KoaContextWithOIDC, value: string | undefined): Promise<void> => {
    if (!value) throw new errors.InvalidRequest(`${name} is required`);
  };
  return { state: required('state'), nonce: required('nonce') };
}

/** A signed request that never ends could be sent again for ever, and one without audience to any other server (RFC 9101, 4 and 10.8). */
export async function checkRequestObject(_ctx: KoaContextWithOIDC, claims: Record<string, unknown>): Promise<void> {
  for (const name of ['aud', 'exp', 'iss']) {
    if (claims[name] === undefined) throw new errors.InvalidRequestObject(`the request object needs ${name}`);
  }
  const from = Number(claims['nbf'] ?? claims['iat'] ?? Math.floor(Date.now() / 1000));
  if (Number(claims['exp']) - from > longestRequestObject) throw new errors.InvalidRequestObject(`the request object lives longer than ${longestRequestObject} seconds`);
}

/**
 * What the `claims` parameter may add for this client: claims of the scopes that it was given, and no others. What it may
 * not have is left out silently, as OpenID Connect Core 5.5 asks.
 */
export function grantClaims(ctx: KoaContextWithOIDC, grant: Grant, client: Client): void {
  const allowed = new Set(((client.scope as string | undefined) ?? 'openid').split(' ').flatMap((scope) => scopeClaims[scope as keyof typeof scopeClaims] ?? []));
  const asked = [...ctx.oidc.requestParamClaims].filter((name) => allowed.has(name));
  if (asked.length > 0) grant.addOIDCClaims(asked);
}
