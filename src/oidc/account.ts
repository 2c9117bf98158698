import type { Account, FindAccount, KoaContextWithOIDC } from 'oidc-provider';
import type { Portal, Realm } from '../config/schema.ts';
import type { Engine } from '../flow/engine.ts';
import { SESSION } from '../flow/demand.ts';
import type { Proof } from '../flow/facts.ts';
import type { Database } from '../store/database.ts';
import { findGrant } from '../store/grants.ts';
import { findSession } from '../store/sessions.ts';
import { claimsOf } from './claims.ts';
import { portalOfClient } from './clients.ts';
import { clientDemand } from './demand.ts';

type Parts = { realm: Realm; engine: Engine; database: Database; clock: () => number };

/**
 * Somebody as the provider asks for them, with the claims of now. Undefined when the account is gone or locked, and, for
 * a token, when the person would not be let in any more: a lost role or agreement counts at refresh and userinfo too.
 */
export function accountFinder(parts: Parts): FindAccount {
  const { realm, database, clock } = parts;
  return async (ctx, sub, token): Promise<Account | undefined> => {
    const ofToken = (token as { grantId?: string } | undefined)?.grantId;
    const portal = portalOfClient(realm, ctx.oidc.client);
    if (ofToken !== undefined && !(portal && await stillAdmitted(ctx, parts, portal, ofToken))) return undefined;
    const claims = await claimsOf(database.db, realm, sub, ofToken ?? ctx.oidc.entities.Grant?.jti, portal?.applications ?? [], clock());
    return claims && { accountId: sub, claims: async () => claims };
  };
}

/** May a token be told of? To clients of the own portal only, and as long as its person would be let in. */
export function introspectionPolicy(realm: Realm, find: FindAccount) {
  return async (ctx: KoaContextWithOIDC, client: Parameters<typeof portalOfClient>[1], token: { clientId?: string | undefined; accountId?: string }): Promise<boolean> => {
    const owner = token.clientId === undefined ? undefined : await ctx.oidc.provider.Client.find(token.clientId);
    if (owner === undefined || portalOfClient(realm, owner)?.id !== portalOfClient(realm, client)?.id) return false;
    return token.accountId === undefined || await find(ctx, token.accountId, token as never) !== undefined;
  };
}

/** What the session of this grant proved, with the grant's own organisation: does the portal's flow still let it in? */
async function stillAdmitted(ctx: KoaContextWithOIDC, { realm, engine, database }: Parts, portal: Portal, grantId: string): Promise<boolean> {
  const grant = await findGrant(database.db, grantId);
  const session = grant && await findSession(database.db, grant.session_id);
  if (!grant || session?.account_id !== grant.account_id) return false;
  const asking = ctx.oidc.client?.clientId === grant.client_id ? ctx.oidc.client : await ctx.oidc.provider.Client.find(grant.client_id);
  const { proofs } = JSON.parse(session.proofs) as { proofs: Proof[] };
  return engine.admits(portal, clientDemand(realm, portal, asking), [{
    binding: SESSION, at: session.created_at, accountId: grant.account_id, ...(grant.organisation_id && { organisationId: grant.organisation_id }),
    // without the broker's word for whom it is: the grant says so
    proofs: proofs.map(({ broker: _, ...proof }) => proof),
  }]);
}
