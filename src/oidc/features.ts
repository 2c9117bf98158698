import type { Client, Configuration, KoaContextWithOIDC } from 'oidc-provider';
import { derivedKey } from '../keys/derive.ts';
import { introspectionPolicy } from './account.ts';
import { assertClaims, organisationNamed } from './demand.ts';
import { endedOf } from './logout.ts';
import type { ProviderOptions } from './provider.ts';
import { checkRequestObject } from './requests.ts';
import { resourceServerInfo } from './resources.ts';

type Features = NonNullable<Configuration['features']>;

/** Every feature that is on by default, or on here; the rest of the library is off. */
export function features(options: ProviderOptions): Features {
  const { pages, keys } = options;
  return {
    devInteractions: { enabled: false },
    // keys that sign by themselves (signer.ts)
    externalSigningSupport: { enabled: true, ack: 'experimental-01' },
    userinfo: { enabled: true },
    jwtUserinfo: { enabled: true },
    claimsParameter: { enabled: true, assertClaimsParameter: async (_ctx, claims) => assertClaims(claims) },
    encryption: { enabled: true },
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      // Without `resource` a token opens userinfo and nothing else. The library then drops each scope that is not in a list, unless
      // the resources are an empty list: so the organisation that a request names stays (the grant leaves out what nobody knows).
      defaultResource: async (ctx) => (organisationNamed(ctx.oidc.params?.['scope']) === undefined ? undefined : []) as never,
      useGrantedResource: async () => false,
      getResourceServerInfo: async (_ctx: KoaContextWithOIDC, identifier: string, client: Client) => resourceServerInfo(options, identifier, client),
    },
    dPoP: {
      enabled: true,
      // without a nonce of ours a proof can be dated ahead and outlive the record of its use; all nodes know the same ones
      nonceSecret: derivedKey(keys.secret, 'DPoP nonces'),
      requireNonce: () => true,
      allowReplay: false,
    },
    pushedAuthorizationRequests: { enabled: true, requirePushedAuthorizationRequests: false, allowUnregisteredRedirectUris: false },
    requestObjects: { enabled: true, requireSignedRequestObject: false, assertJwtClaimsAndHeader: checkRequestObject },
    // its own tokens, nobody else's
    revocation: { enabled: true, allowedPolicy: async (_ctx, client, token) => token.clientId === client.clientId },
    introspection: {
      enabled: true,
      allowedPolicy: introspectionPolicy(options),
    },
    backchannelLogout: { enabled: true },
    rpInitiatedLogout: {
      enabled: true,
      logoutSource: async (ctx, form) => pages.logout(ctx, form),
      postLogoutSuccessSource: async (ctx) => pages.loggedOut(ctx, await endedOf(ctx, options)),
    },
  };
}
