import { deviating, elsewhere, row, same, within, type Row } from './row.ts';
import type { ProfileHost } from './host.ts';

const week = 604_800;
const signing = ['RS256', 'PS256', 'ES256'] as const;
const rsa = ['RSA-OAEP', 'RSA-OAEP-256'] as const;
const offers = (name: string, needed: readonly string[], allowed: readonly string[] = needed) => ({ discovery }: ProfileHost): boolean => within(discovery.body[name], needed, allowed);
const maxAge = (header: unknown): number => Number(/max-age=(\d+)/.exec(String(header))?.[1] ?? 0);

/** OIDC-NLGOV 1.0.1: section 5.4, the discovery document and the keys as they are served. */
export const openidDiscovery: Row[] = [
  row('O55', 'MUST', 'server metadata published', 'there is no discovery document', ({ discovery }) => discovery.status === 200),
  row('O56', 'MUST', 'endpoints of the document secured', 'an endpoint is not on the issuer', ({ discovery: { body }, realm }) => Object.entries(body).every(([name, value]) => !/_endpoint$|^jwks_uri$/.test(name) || String(value).startsWith(`${realm.issuer}/`))),
  row('O57', 'MUST', 'at issuer + /.well-known/openid-configuration', 'it is not there, or names another issuer', ({ discovery, realm }) => discovery.body['issuer'] === realm.issuer),
  row('O58', 'SHOULD', 'also at /.well-known/oauth-authorization-server', 'it is not there', async ({ ask, realm }) => (await ask('/.well-known/oauth-authorization-server')).body['issuer'] === realm.issuer),
  row('O60', 'MUST NOT', 'no WebFinger', 'WebFinger answers', async ({ ask }) => (await ask('/.well-known/webfinger?resource=acct:x@probe.invalid')).status === 404),
  row('O61', 'MUST', 'the required members', 'a member is missing', ({ discovery: { body } }) => ['issuer', 'authorization_endpoint', 'token_endpoint', 'jwks_uri', 'scopes_supported', 'claims_supported', 'subject_types_supported'].every((name) => body[name] !== undefined)),
  row('O62', 'MUST', 'response_types_supported is ["code"]', 'it is something else', ({ discovery }) => same(discovery.body['response_types_supported'], ['code'])),
  deviating('O63', 'MUST', 'grant_types_supported is ["authorization_code"]',
    'the same profile allows refresh tokens (5.2.8) and the OAuth profile client credentials (row A3), so both are named: each client is registered for what it needs',
    offers('grant_types_supported', ['authorization_code'], ['authorization_code', 'refresh_token', 'client_credentials'])),
  deviating('O64', 'SHOULD', 'userinfo_endpoint and registration_endpoint', 'portals are connected by contract, with sluis client create: nobody registers by themselves', ({ discovery: { body } }) => typeof body['userinfo_endpoint'] === 'string'),
  row('O65', 'OPTIONAL', 'introspection, revocation, claims parameter, acr values', 'one of them is missing', ({ discovery: { body } }) => ['introspection_endpoint', 'revocation_endpoint', 'acr_values_supported'].every((name) => body[name] !== undefined) && body['claims_parameter_supported'] === true),
  row('O66', 'MUST', 'only private_key_jwt and tls_client_auth', 'clients may authenticate with a secret: set profile: nlgov', offers('token_endpoint_auth_methods_supported', ['private_key_jwt'], ['private_key_jwt', 'tls_client_auth'])),
  row('O67', 'MUST', 'signing algorithms listed', 'a list is missing', ({ discovery: { body } }) => ['id_token', 'userinfo', 'request_object'].every((name) => within(body[`${name}_signing_alg_values_supported`], ['RS256'], signing))),
  row('O68', 'MUST', 'encryption algorithms listed', 'a list is missing; for request objects: sluis keys rotate makes the key', ({ discovery: { body } }) => ['id_token', 'userinfo', 'request_object'].every((name) => within(body[`${name}_encryption_alg_values_supported`], ['RSA-OAEP'], rsa) && same(body[`${name}_encryption_enc_values_supported`], ['A256GCM']))),
  row('O69', 'OPTIONAL', 'sub_id_types_supported are URIs', 'one is no URI', ({ discovery: { body } }) => ((body['sub_id_types_supported'] ?? []) as string[]).every((type) => URL.canParse(type))),
  row('O70', 'MUST', 'claim_types_supported', 'it is missing', offers('claim_types_supported', ['normal'])),
  elsewhere('O71', 'MUST', 'require_request_uri_registration', 'only pushed references are accepted', ({ discovery }) => discovery.body['request_uri_parameter_supported'] === false),
  row('O72', 'SHOULD', 'signed_metadata', 'it is missing', ({ discovery }) => String(discovery.body['signed_metadata']).split('.').length === 3),
  row('O73', 'SHOULD', 'cache headers of a week on discovery and keys', 'they are shorter: set profile: nlgov', ({ discovery, jwks }) => [discovery, jwks].every(({ headers }) => maxAge(headers['cache-control']) >= week)),
  elsewhere('O74', 'SHOULD', 'change procedure documented', 'CHANGELOG names what changes, under Upgrade what breaks; tell your portals of it'),
  row('O75', 'MUST', 'the same for the keys', 'the keys are cached shorter than the document', ({ discovery, jwks }) => maxAge(jwks.headers['cache-control']) >= maxAge(discovery.headers['cache-control'])),
  row('O76', 'MUST', 'keys as a JWK Set', 'it is none', ({ jwks }) => jwks.status === 200 && jwks.keys.length > 0 && jwks.keys.every(({ kty }) => typeof kty === 'string')),
  elsewhere('O77', 'MUST', 'PKIoverheid certificates in x5c', 'the keys are Sluis\' own, without certificates; where partners ask PKIoverheid, put x5c beside the key in signing.json', ({ jwks }) => jwks.keys.every((key) => key['x5c'] === undefined)),
  row('O78', 'SHOULD', 'keys rotate, the next published ahead', 'no next key is published: sluis keys rotate', ({ jwks }) => new Set(jwks.keys.filter(({ kty }) => kty === 'EC').map(({ kid }) => kid)).size >= 2),
];
