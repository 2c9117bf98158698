import { errors, type Client, type Configuration, type Grant, type KoaContextWithOIDC } from 'oidc-provider';
import type { Realm } from '../config/schema.ts';
import { scopeClaims } from './claims.ts';
import { namesOrganisation } from './demand.ts';

/** A request object lives at most so long, in seconds (as FAPI 2.0 Message Signing 5.3.1 has it). */
const longestRequestObject = 3600;

/**
 * What the library does not see in a scope: a name for an organisation. Who it is of, and whether there is one, is not told
 * here: that answer is the person's (`organisation_as_named`).
 * @throws errors.InvalidScope for two of them, an empty one, and a client that may not ask for organisations
 */
async function checkScope(_ctx: KoaContextWithOIDC, scope: string | undefined, client: Client): Promise<void> {
  const named = (scope ?? '').split(' ').filter(namesOrganisation);
  const [first] = named;
  if (first === undefined) return;
  if (!((client.scope as string | undefined) ?? '').split(' ').includes('organisation')) throw new errors.InvalidScope('requested scope is not allowed', first);
  if (named.length > 1) throw new errors.InvalidScope('a request names one organisation at most', named.join(' '));
  if (!/^organisation:[\w-]+(:\w+)?$/.test(first)) throw new errors.InvalidScope('an organisation is named by its id, or by type and number', first);
}

/** NL GOV asks `state` and `nonce` of every login (OIDC-NLGOV 1.0.1, 4.2.1; row O29): a client that forgets them is told. */
export function loginParameters(realm: Realm): NonNullable<Configuration['extraParams']> {
  if (realm.profile !== 'nlgov') return { scope: checkScope };
  const required = (name: string) => async (_ctx: KoaContextWithOIDC, value: string | undefined): Promise<void> => {
    if (!value) throw new errors.InvalidRequest(`${name} is required`);
  };
  return { scope: checkScope, state: required('state'), nonce: required('nonce') };
}

/** A signed request that never ends could be sent again for ever, and one without audience to any other server (RFC 9101, 4 and 10.8). */
export async function checkRequestObject(_ctx: KoaContextWithOIDC, claims: Record<string, unknown>): Promise<void> {
  for (const name of ['aud', 'exp', 'iss']) {
    if (claims[name] === undefined) throw new errors.InvalidRequestObject(`the request object needs ${name}`);
  }
  const from = Number(claims['nbf'] ?? claims['iat'] ?? Math.floor(Date.now() / 1000));
  if (Number(claims['exp']) - from > longestRequestObject) throw new errors.InvalidRequestObject(`the request object lives longer than ${longestRequestObject} seconds`);
}

/** What a request asks of userinfo and the ID token: scopes that there are, and the organisation it names. Others are ignored (OpenID Connect Core 3.1.2.1). */
export function knownScopes({ oidc }: KoaContextWithOIDC): string[] {
  return [...oidc.requestParamScopes].filter((scope) => Object.hasOwn(scopeClaims, scope) || namesOrganisation(scope));
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
