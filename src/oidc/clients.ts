import { createHash, generateKeyPairSync, timingSafeEqual } from 'node:crypto';
import type { Client, ClientMetadata } from 'oidc-provider';
import { profiles } from '../config/profile.ts';
import type { ClientConfig, Portal, Realm } from '../config/schema.ts';

/** Metadata of ours on a client: its portal, the lowest level it takes, whether PKCE may be left out, and from which pages it may be called for. */
export const extraClientProperties = ['portal', 'level', 'require_pkce', 'allowed_origins'];

/** Client id of Sluis' own administration at a first-party portal. */
export function faceClientId(portal: Portal): string {
  return `sluis-${portal.id}`;
}

/** The clients of the realm's files in the provider's words, and one for each of our own faces. */
export function clientsOf(realm: Realm): ClientMetadata[] {
  return realm.portals.flatMap((portal) => [
    ...portal.clients.map((client) => metadataOf(portal, client)),
    ...(portal.first_party ? [faceClient(realm, portal)] : []),
  ]).map((client) => withDefaults(realm, client));
}

/** What a client leaves open: subjects as the profile has them, and no content encryption but A256GCM. */
export function withDefaults<T extends { [key: string]: unknown }>(realm: Realm, client: T): T {
  const interactive = ((client['response_types'] ?? ['code']) as string[]).length > 0;
  const withEncryption = (name: string) => (client[`${name}_alg`] === undefined ? {} : { [`${name}_enc`]: 'A256GCM' });
  return {
    ...client,
    // a client without logins has no sector, and no person to be told of
    subject_type: interactive ? client['subject_type'] ?? profiles[realm.profile].subjectType : 'public',
    ...withEncryption('id_token_encrypted_response'), ...withEncryption('userinfo_encrypted_response'),
  };
}

function metadataOf(portal: Portal, { client_secret_hash, demo: _demo, ...client }: ClientConfig): ClientMetadata {
  const { jwks, ...rest } = client;
  return {
    ...rest,
    client_name: client.client_name ?? portal.name,
    response_types: client.grant_types.includes('authorization_code') ? ['code'] : [],
    ...(client_secret_hash && { client_secret: client_secret_hash }),
    ...(jwks && { jwks: jwks as { keys: [] } }),
    portal: portal.id,
  } as ClientMetadata;
}

/** Nobody has the key of this client: our own faces redeem their codes inside the process, never at the token endpoint. */
function faceClient(realm: Realm, portal: Portal): ClientMetadata {
  return {
    client_id: faceClientId(portal),
    client_name: portal.name,
    jwks: { keys: [{ ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' }) } as never] },
    redirect_uris: [`${realm.issuer}/${portal.first_party}/callback`],
    post_logout_redirect_uris: [portal.url],
    grant_types: ['authorization_code'],
    response_types: ['code'],
    token_endpoint_auth_method: 'private_key_jwt',
    scope: 'openid profile organisation roles',
    portal: portal.id,
  };
}

/** `sha256:<base64url>`: a fast hash will do, since client secrets are random and long. */
export function hashSecret(secret: string): string {
  return `sha256:${createHash('sha256').update(secret).digest('base64url')}`;
}

/** Stands in for the provider's comparison with a plain secret. */
export async function compareHashedSecret(this: Client, actual: string): Promise<boolean> {
  const expected = Buffer.from(this.clientSecret ?? '');
  const given = Buffer.from(hashSecret(actual));
  return expected.length === given.length && timingSafeEqual(expected, given);
}

export function portalOfClient(realm: Realm, client: Client | undefined): Portal | undefined {
  return realm.portals.find((portal) => portal.id === client?.['portal']);
}
