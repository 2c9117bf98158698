import { randomBytes } from 'node:crypto';
import type { Account, Client, FindAccount, KoaContextWithOIDC, Provider } from 'oidc-provider';
import type { Portal, Realm } from '../config/schema.ts';
import type { Engine } from '../flow/engine.ts';
import { SESSION } from '../flow/demand.ts';
import type { Facts, Proof } from '../flow/facts.ts';
import { keepAlive, liveSession } from '../domain/sessions.ts';
import type { Database } from '../store/database.ts';
import { findGrant } from '../store/grants.ts';
import type { SessionRow } from '../store/sessions.ts';
import { claimsOf } from './claims.ts';
import { portalOfClient } from './clients.ts';
import { clientDemand } from './demand.ts';
import { pseudonymType } from './subjects.ts';

/** A person who would be let in now. */
export type Admission = { session: SessionRow; facts: Facts };
export type AccountParts = { realm: Realm; engine: Engine; database: Database; clock: () => number };

/** Who asks, at which provider. `active`: it tells that the person is at work. */
export type Asking = { client: Client | undefined; provider: Provider; active: boolean };
/** `grantId`: of the token that is asked about; `granted`: of the request itself, where there is none */
export type Whose = { sub: string; grantId: string | undefined; granted?: string | undefined };

export function accountFinder(parts: AccountParts): FindAccount {
  return (ctx, sub, token) => {
    const { client, provider, entities } = ctx.oidc;
    return accountFor(parts, { client, provider, active: isActivity(ctx) }, { sub, grantId: (token as { grantId?: string } | undefined)?.grantId, granted: entities.Grant?.jti });
  };
}

/**
 * Somebody as the provider asks for them, with the claims of now. Undefined when the account is gone or locked, and, for
 * a token, when the person would not be let in any more: a lost role or agreement counts at refresh and userinfo too.
 */
export async function accountFor(parts: AccountParts, asking: Asking, { sub, grantId, granted }: Whose): Promise<Account | undefined> {
  const { realm, database, clock } = parts;
  const portal = portalOfClient(realm, asking.client);
  const admission = grantId === undefined || !portal ? undefined : await stillAdmitted(asking, parts, portal, grantId);
  if (grantId !== undefined && !admission) return undefined;
  if (admission && asking.active) await keepAlive(database.db, admission.session, clock());
  const whose = { accountId: sub, grantId: grantId ?? granted, ...(admission && { state: admission.facts }) };
  const read = () => claimsOf(database.db, realm, whose, portal?.applications ?? [], clock());
  // that the account is there and active was just read for whoever was admitted, and introspection asks for no claims
  const judged = admission?.facts.account;
  const there = judged?.id === sub && judged.active;
  const known = there ? undefined : await read();
  if (!there && !known) return undefined;
  const pairwise = asking.client?.subjectType === 'pairwise';
  return { accountId: sub, claims: async (use) => ({ ...known ?? await read(), sub, ...(pairwise && { sub_id_type: pseudonymType }), ...(use === 'id_token' && onlyIdToken()) }) };
}

/** NL GOV asks both of every ID token (OIDC-NLGOV 1.0.1, 5.2.2; rows O30, O32). The provider's own clock stamps `iat` and `exp`. */
function onlyIdToken(): Record<string, unknown> {
  return { jti: randomBytes(24).toString('base64url'), nbf: Math.floor(Date.now() / 1000) };
}

/**
 * A portal that asks for its person (userinfo) or goes on with them (refresh) tells that they are at work. Redeeming a
 * code does not: a hidden frame with prompt=none does that too. Introspection does not: it is asked by services about
 * calls of machines, and a batch job at night is nobody at a screen.
 */
function isActivity({ oidc }: KoaContextWithOIDC): boolean {
  return oidc.route === 'userinfo' || (oidc.route === 'token' && oidc.params?.['grant_type'] === 'refresh_token');
}

type Told = { clientId?: string | undefined; accountId?: string | undefined; grantId?: string | undefined };

export function introspectionPolicy(parts: AccountParts) {
  return ({ oidc }: KoaContextWithOIDC, client: Client, token: Told): Promise<boolean> => mayBeTold(parts, { client, provider: oidc.provider, active: false }, token);
}

/** May a client be told of a token? Clients of the own portal only, and as long as its person would be let in. */
export async function mayBeTold(parts: AccountParts, asking: Asking, { clientId, accountId, grantId }: Told): Promise<boolean> {
  const owner = clientId === undefined ? undefined : await asking.provider.Client.find(clientId);
  if (owner === undefined || portalOfClient(parts.realm, owner)?.id !== portalOfClient(parts.realm, asking.client)?.id) return false;
  return accountId === undefined || await accountFor(parts, asking, { sub: accountId, grantId }) !== undefined;
}

/**
 * What the session of this grant proved, with the grant's own organisation: does the portal's flow still let it in?
 * @returns the session and what holds of its person now; undefined when not, or when it is over
 */
export async function stillAdmitted({ client, provider }: Pick<Asking, 'client' | 'provider'>, { realm, engine, database, clock }: AccountParts, portal: Portal, grantId: string): Promise<Admission | undefined> {
  const grant = await findGrant(database.db, grantId);
  const session = grant && await liveSession(database.db, realm, grant.session_id, clock());
  if (!grant || session?.account_id !== grant.account_id) return undefined;
  const asking = client?.clientId === grant.client_id ? client : await provider.Client.find(grant.client_id);
  const { proofs } = JSON.parse(session.proofs) as { proofs: Proof[] };
  const facts = await engine.admits(portal, clientDemand(realm, portal, asking), [{
    binding: SESSION, at: session.created_at, accountId: grant.account_id, ...(grant.organisation_id && { organisationId: grant.organisation_id }),
    // without the broker's word for whom it is: the grant says so
    proofs: proofs.map(({ broker: _, ...proof }) => proof),
  }]);
  return facts && { session, facts };
}
