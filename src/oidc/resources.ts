import { errors, type AccessToken, type Client, type ClientCredentials, type KoaContextWithOIDC, type ResourceServer } from 'oidc-provider';
import type { Portal, Resource } from '../config/schema.ts';
import { portalIsOpen, untilClosing } from '../domain/opening.ts';
import { stillAdmitted, type AccountParts } from './account.ts';
import { claimsOf } from './claims.ts';
import { portalOfClient } from './clients.ts';
import { organisationNamed } from './demand.ts';

type Token = AccessToken | ClientCredentials;

/** Of a person's claims, those that an API decides by. */
const forApis = ['organisation', 'represents', 'roles', 'entitlements', 'accounts'] as const;

/**
 * Which API a token is for (RFC 8707). Only a client that may ask is told that there is one.
 * @throws InvalidTarget
 */
export async function resourceServerInfo({ realm, clock }: Pick<AccountParts, 'realm' | 'clock'>, identifier: string, client: Client): Promise<ResourceServer> {
  const resource = realm.resources.find(({ id }) => id === identifier);
  if (!resource || !mayAsk(resource, client)) throw new errors.InvalidTarget('there is no such resource for this client');
  // what it says of roles holds until an application of that portal closes
  const ttl = untilClosing(realm, realm.portals.find(({ id }) => id === resource.portal), clock(), resource.ttl, 'first');
  return {
    scope: resource.scopes.join(' '), audience: resource.id, accessTokenTTL: ttl,
    accessTokenFormat: 'jwt', jwt: { sign: { alg: resource.signing_alg } },
  };
}

function mayAsk(resource: Resource, client: Client): boolean {
  return resource.clients ? resource.clients.includes(client.clientId) : client['portal'] === resource.portal;
}

/**
 * What a JWT access token says beside what RFC 9068 asks: `azp` (row A22), and for whom and with which roles, of the
 * grant's organisation and the portal of the API only. Such a token is not looked up again, so this is where somebody
 * who may not enter that portal (any more) is refused. Opaque tokens get nothing: in introspection this would win over
 * the provider's own claims.
 * @throws InvalidGrant
 */
export async function accessTokenClaims(parts: AccountParts, ctx: KoaContextWithOIDC, token: Token): Promise<Record<string, unknown> | undefined> {
  const { realm, database, clock } = parts;
  const resource = realm.resources.find(({ id }) => id === token.aud);
  const portal = realm.portals.find(({ id }) => id === resource?.portal);
  if (token.kind !== 'AccessToken' && organisationNamed(token.scope) !== undefined) throw new errors.InvalidScope('a machine acts for no organisation', token.scope ?? '');
  if (token.kind !== 'AccessToken') refuseClosed(parts, portalOfClient(realm, token.client), portal);
  if (!resource || !token.resourceServer) return undefined;
  const azp = token.clientId;
  // a machine speaks for itself
  if (token.kind !== 'AccessToken') return { azp };
  const { accountId, grantId } = token as AccessToken & { grantId: string };
  const admission = portal && await stillAdmitted({ client: ctx.oidc.client, provider: ctx.oidc.provider }, parts, portal, grantId);
  if (!admission) throw new errors.InvalidGrant('the person is not admitted to this resource');
  const claims: Record<string, unknown> = await claimsOf(database.db, realm, { accountId, grantId, state: admission.facts }, portal.applications, clock()) ?? {};
  const source = ctx.oidc.entities.AuthorizationCode ?? ctx.oidc.entities.RefreshToken;
  return { ...Object.fromEntries(forApis.map((name) => [name, claims[name]])), acr: source?.acr, auth_time: source?.authTime, azp };
}

/** A machine has no flow that would say so: while everything of a portal is closed, its clients get nothing either (row CAK-12). */
function refuseClosed({ realm, clock }: AccountParts, ...portals: (Portal | undefined)[]): void {
  if (portals.some((portal) => portal && !portalIsOpen(realm, portal, clock()))) throw new errors.InvalidGrant('closed at this time');
}
