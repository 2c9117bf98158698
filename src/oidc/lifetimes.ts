import type { Client, Configuration } from 'oidc-provider';
import type { Realm } from '../config/schema.ts';

/** How long everything lives: positive whole seconds, or the provider refuses to issue it. Kinds that are off have none. */
export function lifetimes(realm: Realm, clock: () => number): Configuration {
  return {
    ttl: {
      // a plain number would win over what the API's own tokens may last
      AccessToken: (_ctx, token) => token.resourceServer?.accessTokenTTL ?? realm.ttl.access_token,
      ClientCredentials: (_ctx, token) => token.resourceServer?.accessTokenTTL ?? realm.ttl.access_token,
      AuthorizationCode: realm.ttl.code,
      RefreshToken: realm.ttl.refresh_token, IdToken: realm.ttl.id_token,
      Interaction: realm.ttl.run, // counted from the login, not from the last use
      Session: (_ctx, session) => Math.max(1, (session.loginTs ?? clock()) + realm.ttl.session - clock()),
      Grant: realm.ttl.session,
    },
    rotateRefreshToken: true,
    issueRefreshToken: async (_ctx, client: Client) => client.grantTypeAllowed('refresh_token'),
  };
}
