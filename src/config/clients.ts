import { profileMistakes, profiles, type ProfileName } from './profile.ts';
import type { ClientConfig } from './schema.ts';
import type { Path } from './source.ts';

export type ClientMistake = { path: Path; message: string };

const loopback = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * What the schema alone cannot see of a client; the same rules for files and for the command line.
 * Redirect URIs are compared literally (RFC 9700 section 2.1), so a wildcard or fragment can never match.
 */
export function clientMistakes(client: ClientConfig, demo: boolean, profile: ProfileName = 'basic'): ClientMistake[] {
  return [...credentialMistakes(client, demo), ...keyMistakes(client, demo), ...redirectMistakes(client, demo), ...sectorMistakes(client, profile), ...profileMistakes(client, profile)];
}

function credentialMistakes(client: ClientConfig, demo: boolean): ClientMistake[] {
  const found: ClientMistake[] = [];
  const add = (key: string, message: string): void => void found.push({ path: [key], message });
  const method = client.token_endpoint_auth_method;
  if (client.demo && !demo) add('demo', 'a demo client is refused outside demo mode');
  if (method === 'private_key_jwt') {
    if (!client.jwks && !client.jwks_uri) add('token_endpoint_auth_method', 'private_key_jwt needs jwks or jwks_uri');
  } else if (!client.client_secret_hash) {
    add('token_endpoint_auth_method', `${method} needs client_secret_hash`);
  }
  return found;
}

/** Settings that are of no use without a key of the client. */
const needKeys = ['id_token_encrypted_response_alg', 'userinfo_encrypted_response_alg', 'request_object_signing_alg', 'require_signed_request_object'] as const;

/** Does this client need public keys besides those that it may authenticate with? */
export function needsKeys(client: Partial<ClientConfig>): boolean {
  return needKeys.some((key) => client[key]);
}

function keyMistakes(client: ClientConfig, demo: boolean): ClientMistake[] {
  const found: ClientMistake[] = [];
  const add = (key: string, message: string): void => void found.push({ path: [key], message });
  if (client.jwks && client.jwks_uri) add('jwks_uri', 'give jwks or jwks_uri, not both');
  if (!client.jwks && !client.jwks_uri) for (const key of needKeys) if (client[key]) add(key, 'needs jwks or jwks_uri');
  if (client.userinfo_encrypted_response_alg && !client.userinfo_signed_response_alg) add('userinfo_encrypted_response_alg', 'needs userinfo_signed_response_alg: what is encrypted is signed first');
  if (client.jwks_uri) found.push(...urlMistakes(client.jwks_uri, demo).map((message) => ({ path: ['jwks_uri'], message })));
  if (client.jwks?.keys.some((key) => 'd' in key || 'k' in key)) add('jwks', 'holds a private or secret key: give public keys only');
  return found;
}

/** A pairwise subject belongs to one sector; several hosts must say that they are one (OpenID Connect Core 8.1). */
function sectorMistakes(client: ClientConfig, profile: ProfileName): ClientMistake[] {
  const pairwise = (client.subject_type ?? profiles[profile].subjectType) === 'pairwise';
  const hosts = new Set(client.redirect_uris.map((uri) => (URL.canParse(uri) ? new URL(uri).host : uri)));
  const found: ClientMistake[] = [];
  if (pairwise && hosts.size > 1 && !client.sector_identifier_uri) found.push({ path: ['sector_identifier_uri'], message: 'is missing: the redirect URIs have several hosts, and its subjects are pairwise' });
  for (const [index, origin] of client.allowed_origins.entries()) {
    if (!URL.canParse(origin) || new URL(origin).origin !== origin) found.push({ path: ['allowed_origins', index], message: 'is not an origin: scheme, host and port only' });
  }
  return found;
}

function redirectMistakes(client: ClientConfig, demo: boolean): ClientMistake[] {
  const found: ClientMistake[] = [];
  const interactive = client.grant_types.includes('authorization_code');
  if (interactive && client.redirect_uris.length === 0) found.push({ path: ['redirect_uris'], message: 'the authorization_code grant needs at least one' });
  if (!interactive && client.redirect_uris.length > 0) found.push({ path: ['redirect_uris'], message: 'are only used with the authorization_code grant' });
  if (client.backchannel_logout_uri !== undefined) {
    if (!interactive) found.push({ path: ['backchannel_logout_uri'], message: 'is only used with the authorization_code grant' });
    found.push(...urlMistakes(client.backchannel_logout_uri, demo).map((message) => ({ path: ['backchannel_logout_uri'], message })));
  }
  for (const key of ['redirect_uris', 'post_logout_redirect_uris'] as const) {
    for (const [index, uri] of client[key].entries()) {
      found.push(...urlMistakes(uri, demo).map((message) => ({ path: [key, index], message })));
    }
  }
  return found;
}

function urlMistakes(text: string, demo: boolean): string[] {
  if (!URL.canParse(text)) return ['is not an absolute URL'];
  const url = new URL(text);
  const found: string[] = [];
  if (text.includes('*')) found.push('a wildcard is not allowed: every address is written out');
  if (text.includes('#')) found.push('a fragment is not allowed');
  if (url.username !== '' || url.password !== '') found.push('a user name or password is not allowed');
  if (url.protocol === 'http:' && demo && loopback.has(url.hostname)) return found;
  if (url.protocol !== 'https:') found.push(demo ? 'must be https, or http on localhost in demo mode' : 'must be https');
  return found;
}
