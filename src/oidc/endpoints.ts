import type { Client, Configuration, KoaContextWithOIDC } from 'oidc-provider';
import { profiles } from '../config/profile.ts';
import type { Realm } from '../config/schema.ts';
import { scopeClaims } from './claims.ts';
import { loginParameters } from './requests.ts';
import { pseudonymType } from './subjects.ts';

const signing = ['ES256', 'RS256', 'PS256'] as const;
/** NL GOV allows RSA-OAEP and better, and nothing below A256GCM (rows O111, O112); weaker ones would help nobody. */
const keyEncryption = ['RSA-OAEP-256', 'RSA-OAEP'] as const;
const contentEncryption = ['A256GCM'] as const;

/** What requests may ask for and how, and with which algorithms; most of it is in the discovery document. */
export function endpoints(realm: Realm): Configuration {
  const { authMethods } = profiles[realm.profile];
  return {
    scopes: ['openid'],
    claims: { ...scopeClaims, acr: null, auth_time: null } as NonNullable<Configuration['claims']>,
    acrValues: realm.levels.map((level) => level.acr),
    responseTypes: ['code'],
    subjectTypes: ['public', 'pairwise'],
    clientAuthMethods: [...authMethods],
    allowOmittingSingleRegisteredRedirectUri: false,
    extraParams: loginParameters(realm),
    // clients are confidential and call from their servers; a page may call only from an origin that was registered
    clientBasedCORS: (_ctx: KoaContextWithOIDC, origin: string, client: Client) => ((client['allowed_origins'] ?? []) as string[]).includes(origin),
    pkce: { required: (_ctx: KoaContextWithOIDC, client: Client) => realm.profile === 'nlgov' || client['require_pkce'] !== false },
    // portals that read only the ID token get organisation, roles and level too (row ALL-1)
    conformIdTokenClaims: false,
    // a post from a portal's page brings no Lax cookie along; `posts.ts` turns it into the request that does
    enableHttpPostMethods: false,
    enabledJWA: {
      idTokenSigningAlgValues: signing, userinfoSigningAlgValues: signing, requestObjectSigningAlgValues: signing,
      clientAuthSigningAlgValues: signing, dPoPSigningAlgValues: signing,
      idTokenEncryptionAlgValues: keyEncryption, idTokenEncryptionEncValues: contentEncryption,
      userinfoEncryptionAlgValues: keyEncryption, userinfoEncryptionEncValues: contentEncryption,
      requestObjectEncryptionAlgValues: keyEncryption, requestObjectEncryptionEncValues: contentEncryption,
    } as unknown as NonNullable<Configuration['enabledJWA']>,
    clientDefaults: { id_token_signed_response_alg: 'ES256', response_types: ['code'], grant_types: ['authorization_code'], backchannel_logout_session_required: true },
    discovery: { claim_types_supported: ['normal'], prompt_values_supported: ['none', 'login', 'select_account'], ...(realm.profile === 'nlgov' && { sub_id_types_supported: [pseudonymType] }) },
  } as Configuration;
}
