import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { clientMistakes, needsKeys } from '../config/clients.ts';
import type { ProfileName } from '../config/profile.ts';
import { clientSchema, type ClientConfig } from '../config/schema.ts';
import { hashSecret } from '../oidc/clients.ts';
import type { ClientRow } from '../store/clients.ts';
import { UsageError, type Args, type Option } from './command.ts';

/** What the configuration files call a client; there is no demo client here. */
export type Registered = Omit<ClientConfig, 'demo'>;

export const clientOptions: Record<string, Option> = {
  name: { type: 'string', value: 'NAME', help: 'what people call it' },
  'redirect-uri': { type: 'string', multiple: true, value: 'URL', help: 'where a login may come back, literally' },
  'post-logout-redirect-uri': { type: 'string', multiple: true, value: 'URL', help: 'where a logout may come back, literally' },
  'backchannel-logout-uri': { type: 'string', value: 'URL', help: 'where it is told that a session ended (back-channel logout)' },
  'auth-method': { type: 'string', value: 'METHOD', help: 'private_key_jwt, client_secret_basic or client_secret_post' },
  'jwks-file': { type: 'string', value: 'FILE', help: 'its public keys (JSON)' },
  'jwks-uri': { type: 'string', value: 'URL', help: 'where its public keys are' },
  grant: { type: 'string', multiple: true, value: 'GRANT', help: 'authorization_code, refresh_token, client_credentials' },
  scope: { type: 'string', value: '"A B"', help: 'the scopes it may ask for' },
  level: { type: 'string', value: 'ID', help: 'the lowest level it takes; raises that of its portal' },
  'default-max-age': { type: 'string', value: 'SECONDS', help: 'how old a login may be when a request does not say' },
  'signing-alg': { type: 'string', value: 'ALG', help: 'of its ID tokens: ES256, RS256 or PS256' },
  'subject-type': { type: 'string', value: 'TYPE', help: 'public or pairwise; as the profile of the realm has it when not given' },
  'sector-identifier-uri': { type: 'string', value: 'URL', help: 'the list that makes several hosts one sector' },
  'userinfo-signing-alg': { type: 'string', value: 'ALG', help: 'userinfo as a JWT: ES256, RS256 or PS256' },
  'id-token-encryption-alg': { type: 'string', value: 'ALG', help: 'encrypt ID tokens to its key: RSA-OAEP-256 or RSA-OAEP' },
  'userinfo-encryption-alg': { type: 'string', value: 'ALG', help: 'encrypt userinfo to its key: RSA-OAEP-256 or RSA-OAEP' },
  'request-object-alg': { type: 'string', value: 'ALG', help: 'the only one for its request objects: ES256, RS256 or PS256' },
  'require-request-object': { type: 'boolean', help: 'only signed requests' },
  'require-par': { type: 'boolean', help: 'only requests that were pushed' },
  'require-dpop': { type: 'boolean', help: 'bind its tokens to a key of its own' },
  'allowed-origin': { type: 'string', multiple: true, value: 'ORIGIN', help: 'whose pages may call for it (CORS)' },
  'secret-expires-at': { type: 'string', value: 'SECONDS', help: 'epoch seconds after which its secret is refused' },
  'without-pkce': { type: 'boolean', help: 'PKCE may be left out: only for an older confidential client' },
};

/** Option -> key of the configuration, so that a mistake is told with the name that was typed. */
const keys: Record<string, string> = {
  name: 'client_name', 'redirect-uri': 'redirect_uris', 'post-logout-redirect-uri': 'post_logout_redirect_uris',
  'backchannel-logout-uri': 'backchannel_logout_uri', 'auth-method': 'token_endpoint_auth_method',
  'jwks-file': 'jwks', 'jwks-uri': 'jwks_uri', grant: 'grant_types', scope: 'scope', level: 'level', 'default-max-age': 'default_max_age',
  'signing-alg': 'id_token_signed_response_alg', 'without-pkce': 'require_pkce',
  'subject-type': 'subject_type', 'sector-identifier-uri': 'sector_identifier_uri', 'userinfo-signing-alg': 'userinfo_signed_response_alg',
  'id-token-encryption-alg': 'id_token_encrypted_response_alg', 'userinfo-encryption-alg': 'userinfo_encrypted_response_alg',
  'request-object-alg': 'request_object_signing_alg', 'require-request-object': 'require_signed_request_object',
  'require-par': 'require_pushed_authorization_requests', 'require-dpop': 'dpop_bound_access_tokens', 'allowed-origin': 'allowed_origins',
  'secret-expires-at': 'client_secret_expires_at',
};

/** Options that are given on with their value as it was typed. */
const plain = ['name', 'auth-method', 'scope', 'level', 'signing-alg', 'subject-type', 'sector-identifier-uri', 'userinfo-signing-alg',
  'id-token-encryption-alg', 'userinfo-encryption-alg', 'request-object-alg'];
const lists = ['redirect-uri', 'post-logout-redirect-uri', 'grant', 'allowed-origin'];
const switches = ['require-request-object', 'require-par', 'require-dpop'];

/**
 * The client that the options ask for, on top of `before`, checked by the rules of the configuration files.
 * A client that authenticates with a secret and has none gets one: `secret` is the only copy of it.
 * @throws UsageError with every mistake
 */
export function configFrom(args: Args, id: string, before: Registered | undefined, { demo, profile }: { demo: boolean; profile: ProfileName }): { config: Registered; secret?: string } {
  const draft: Record<string, unknown> = { ...before, client_id: id, ...optionsOf(args) };
  const secret = takesSecret(draft) && draft['client_secret_hash'] === undefined ? randomBytes(32).toString('base64url') : undefined;
  if (secret !== undefined) draft['client_secret_hash'] = hashSecret(secret);
  // what belongs to the other way of authenticating goes with it
  const useless = takesSecret(draft) ? (needsKeys(draft) ? [] : ['jwks', 'jwks_uri']) : ['client_secret_hash', 'client_secret_expires_at'];
  for (const key of useless) delete draft[key];
  const parsed = clientSchema.safeParse(draft);
  const mistakes = parsed.success ? clientMistakes(parsed.data, demo, profile) : parsed.error.issues;
  if (!parsed.success || mistakes.length > 0) throw new UsageError(mistakes.map(({ path, message }) => `${optionFor(path)}: ${message}`).join('\n'));
  const { demo: _, ...config } = parsed.data;
  return { config, ...(secret !== undefined && { secret }) };
}

/** Metadata as oidc-provider names it (RFC 7591), with ours beside it. The secret is a hash. */
export function metadataFrom({ client_secret_hash, ...config }: Registered, portal: string): Record<string, unknown> {
  return {
    ...config,
    ...(client_secret_hash !== undefined && { client_secret: client_secret_hash }),
    response_types: config.grant_types.includes('authorization_code') ? ['code'] : [],
    portal,
  };
}

/** The opposite of `metadataFrom`. */
export function registeredConfig({ metadata }: Pick<ClientRow, 'metadata'>): Registered {
  const { client_secret, response_types: _types, portal: _portal, ...config } = JSON.parse(metadata) as Record<string, unknown>;
  return { ...config, ...(client_secret !== undefined && { client_secret_hash: client_secret }) } as unknown as Registered;
}

function optionsOf(args: Args): Record<string, unknown> {
  const given = (option: string, value: (name: string) => unknown): Record<string, unknown> => (args.has(option) ? { [keys[option]!]: value(option) } : {});
  if (args.has('jwks-file') && args.has('jwks-uri')) throw new UsageError('give --jwks-file or --jwks-uri, not both');
  return {
    ...Object.assign({}, ...plain.map((name) => given(name, args.get)), ...lists.map((name) => given(name, args.all)), ...switches.map((name) => given(name, () => true))) as object,
    ...given('backchannel-logout-uri', (name) => args.get(name) || undefined),
    ...given('secret-expires-at', (name) => Number(args.get(name))),
    ...given('default-max-age', (name) => Number(args.get(name))),
    ...given('without-pkce', () => false),
    ...(args.has('jwks-file') && { jwks: readJwks(args.need('jwks-file')), jwks_uri: undefined }),
    ...(args.has('jwks-uri') && { jwks_uri: args.need('jwks-uri'), jwks: undefined }),
  };
}

function readJwks(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as unknown;
  } catch (error) {
    throw new UsageError(`--jwks-file ${file}: ${(error as Error).message}`);
  }
}

function takesSecret(draft: Record<string, unknown>): boolean {
  return String(draft['token_endpoint_auth_method']).startsWith('client_secret');
}

function optionFor(path: readonly PropertyKey[]): string {
  const [key, index] = path.map(String);
  const option = Object.keys(keys).find((name) => keys[name] === key);
  return `${option === undefined ? String(key) : `--${option}`}${index === undefined || option === undefined ? '' : ` (${Number(index) + 1})`}`;
}
