import type { Client, Configuration } from 'oidc-provider';
import type { Realm } from '../config/schema.ts';
import { untilClosing } from '../domain/opening.ts';
import { portalOfClient } from './clients.ts';

/**
 * How long everything lives: positive whole seconds, or the provider refuses to issue it. Kinds that are off have none.
 * What carries roles ends when the first of the portal's applications closes, so that nothing says afterwards that one may
 * be used; a client whose portal has nothing that stays open gets nothing that outlasts the last (row CAK-12).
 */
export function lifetimes(realm: Realm, clock: () => number): Configuration {
  const until = (which: 'first' | 'last', seconds: number, client: Client | undefined) => untilClosing(realm, portalOfClient(realm, client), clock(), seconds, which);
  const accessToken = (_ctx: unknown, token: { resourceServer?: { accessTokenTTL?: number | undefined } | undefined }, client: Client) => until('first', token.resourceServer?.accessTokenTTL ?? realm.ttl.access_token, client);
  return {
    ttl: {
      // a plain number would win over what the API's own tokens may last
      AccessToken: accessToken, ClientCredentials: accessToken,
      AuthorizationCode: realm.ttl.code,
      RefreshToken: (_ctx, _token, client) => until('last', realm.ttl.refresh_token, client),
      IdToken: (_ctx, _token, client) => until('first', realm.ttl.id_token, client),
      Interaction: realm.ttl.run, // counted from the login, not from the last use
      Session: (_ctx, session) => Math.max(1, (session.loginTs ?? clock()) + realm.ttl.session - clock()),
      Grant: realm.ttl.session,
    },
    // The provider would let a token die as soon as its session has another grant for the same client, which is for another
    // organisation. Ours ends them with the session (domain/sessions.ts), and asks for it at each use (account.ts).
    expiresWithSession: async () => false,
    rotateRefreshToken: true,
    issueRefreshToken: async (_ctx, client: Client) => client.grantTypeAllowed('refresh_token'),
  };
}
