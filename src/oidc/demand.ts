import { errors, type Client, type KoaContextWithOIDC } from 'oidc-provider';
import type { Portal, Realm } from '../config/schema.ts';
import { highestDemand, type Demand, type LevelDemand } from '../flow/demand.ts';

/**
 * The organisation that a scope names (`organisation:<id>`, `organisation:<type>:<number>`), for which the person must act.
 * Only one is ever there: `checkScope` sees to it.
 */
export function organisationNamed(scope: unknown): string | undefined {
  const named = typeof scope === 'string' ? scope.split(' ').find(namesOrganisation) : undefined;
  return named?.slice(prefix.length);
}

const prefix = 'organisation:';

export function namesOrganisation(scope: string): boolean {
  return scope.startsWith(prefix);
}

/** The `acr` that a request asks for in its `claims` (OpenID Connect Core 5.5.1.1). */
type AcrRequest = { essential?: boolean; value?: string; values?: string[] };

/**
 * What this request asks of a login at its portal, beside what the portal and an organisation ask. Asking can raise,
 * never lower. `max_age` counts back from now; `prompt=login` is the run's business, since only a run can meet it.
 */
export function demandOf(ctx: KoaContextWithOIDC, realm: Realm, portal: Portal, now: number): Demand {
  const { client, params = {} } = ctx.oidc;
  const organisation = organisationNamed(params['scope']);
  const address = ctx.state['address'] as string | undefined;
  return {
    ...highestDemand(realm, clientDemand(realm, portal, client), byAcrValues(realm, params['acr_values']), byClaims(realm, params['claims'])),
    ...(params['max_age'] !== undefined && { since: now - Number(params['max_age']) }),
    ...(address !== undefined && { address }), ...(organisation !== undefined && { organisation }),
  };
}

/** What a client asks of every login: its own level or its portal's, whichever is higher. */
export function clientDemand(realm: Realm, portal: Portal, client: Client | undefined): LevelDemand {
  const level = client?.['level'];
  return highestDemand(realm, { levelId: portal.level, by: 'portal' }, typeof level === 'string' ? { levelId: level, by: 'client' } : undefined);
}

/** Of several values any will do: the lowest that the realm knows. Unknown ones ask nothing: the parameter is voluntary. */
function byAcrValues(realm: Realm, acrValues: unknown): LevelDemand | undefined {
  return lowest(realm, typeof acrValues === 'string' ? acrValues.split(' ') : []);
}

function byClaims(realm: Realm, claims: unknown): LevelDemand | undefined {
  const request = typeof claims === 'string' ? acrRequestOf(JSON.parse(claims)) : undefined;
  const values = [...request?.value === undefined ? [] : [request.value], ...request?.values ?? []];
  const known = lowest(realm, values);
  // essential: one of these must be reached, so one that nobody knows cannot be met. A colon is in no level's id.
  return known ?? (request?.essential && values.length > 0 ? { levelId: `acr:${values.join(' ')}`, by: 'request' } : undefined);
}

function lowest(realm: Realm, acrs: string[]): LevelDemand | undefined {
  const level = realm.levels.find(({ acr }) => acrs.includes(acr));
  return level && { levelId: level.id, by: 'request' };
}

/**
 * Checks the parameter `claims` (OpenID Connect Core 5.5): every claim is null or an object.
 * @throws errors.InvalidRequest also when the `acr` cannot be read; to pass over it would be to ask less
 */
export function assertClaims(claims: unknown): void {
  const { id_token = {}, userinfo = {} } = claims as { id_token?: object; userinfo?: object };
  for (const [name, asked] of [...Object.entries(id_token), ...Object.entries(userinfo)] as [string, unknown][]) {
    if (typeof asked !== 'object' || Array.isArray(asked)) throw new errors.InvalidRequest(`claims: ${name} must be null or an object`);
  }
  const request = acrRequestOf(claims);
  if (request === undefined) return;
  const { essential, value, values } = request as Record<string, unknown>;
  const sound = (essential === undefined || typeof essential === 'boolean') && (value === undefined || typeof value === 'string')
    && (values === undefined || (Array.isArray(values) && values.length > 0 && values.every((one) => typeof one === 'string')));
  if (!sound) throw new errors.InvalidRequest('claims.id_token.acr must be null or {essential, value, values}');
}

function acrRequestOf(claims: unknown): AcrRequest | undefined {
  return (claims as { id_token?: { acr?: AcrRequest | null } }).id_token?.acr ?? undefined;
}
