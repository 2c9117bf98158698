import { deviating, elsewhere, overTls, row, same, within, type Row } from './row.ts';
import type { ProfileHost } from './host.ts';

const unregistered = ({ discovery }: ProfileHost): boolean => discovery.body['registration_endpoint'] === undefined;
const maxAge = (header: unknown): number => Number(/max-age=(\d+)/.exec(String(header))?.[1] ?? 0);

/** OAuth-NL 1.1.0: sections 2 to 3.1.10, clients and endpoints. */
export const oauthClients: Row[] = [
  row('A1', 'MUST', 'security considerations of RFC 6749 and 6819', 'a code works twice, or without its client', async ({ login }) => {
    const { again, wrong } = await login();
    return again.body['error'] === 'invalid_grant' && wrong.client.status >= 400;
  }),
  overTls('A2', 'MUST', 'TLS everywhere', 'outside demo mode Sluis refuses an issuer that is not https'),
  row('A3', 'MUST/MAY', 'authorization_code, and client_credentials', 'one of them is missing', ({ discovery }) => within(discovery.body['grant_types_supported'], ['authorization_code', 'client_credentials'], ['authorization_code', 'client_credentials', 'refresh_token'])),
  deviating('A4', 'MUST', 'a single grant type per client', 'refresh_token goes with authorization_code, of whose grant it is a part; people and machines do not share a client',
    ({ clients }) => clients.every(({ grant_types = [] }) => !(grant_types.includes('authorization_code') && grant_types.includes('client_credentials')))),
  deviating('A5', 'SHOULD', 'token exchange (1.2.0)', 'see O98; an eHerkenning login becomes an OpenID Connect login, not a token', unregistered),
  row('A6', 'MUST', 'client authentication at code and client_credentials', 'a client need not authenticate',
    async ({ ask, login }) => (await login()).wrong.client.status >= 400 && (await ask('/token', { form: { grant_type: 'client_credentials', client_id: 'PROBE' } })).status >= 400),
  row('A7', 'MUST', 'redirect URIs validated', 'an address that was not registered is accepted', async ({ push }) => (await push({ redirect_uri: 'https://elsewhere.example/' })).status >= 400),
  deviating('A8', 'SHOULD', 'dynamic registration', 'see O79', unregistered),
  elsewhere('A9', 'MUST NOT', 'no dynamic registration for client_credentials', 'there is no dynamic registration', unregistered),
  elsewhere('A10', 'MUST', 'contents of software statements', 'none are accepted', unregistered),
  elsewhere('A11', 'MUST', 'contents of the approval page', 'there is none: portals are the operator\'s own, and prompt=consent is refused', async ({ push }) => (await push({ prompt: 'consent' })).status >= 400),
  row('A12', 'MUST', 'discovery endpoint', 'a member is missing', ({ discovery: { body } }) => ['issuer', 'authorization_endpoint', 'token_endpoint', 'jwks_uri'].every((name) => body[name] !== undefined)),
  row('A13', 'SHOULD', 'cache headers of a week', 'they are shorter: set profile: nlgov', ({ discovery, jwks }) => [discovery, jwks].every(({ headers }) => maxAge(headers['cache-control']) >= 604_800)),
  row('A14', 'MUST', 'keys with kid, kty and alg', 'a key lacks one', ({ jwks }) => jwks.keys.every(({ kid, kty, alg }) => [kid, kty, alg].every((value) => typeof value === 'string'))),
  row('A15', 'MUST', 'a client revokes its own tokens', 'a revoked token is still active', async ({ login, asProbe }) => {
    const token = String((await login()).machineOpaque.body['access_token']);
    const before = await asProbe('/token/introspection', { token });
    await asProbe('/token/revocation', { token });
    return before.body['active'] === true && (await asProbe('/token/introspection', { token })).body['active'] === false;
  }),
  row('A16', 'MUST', 'PKCE with S256, never plain', 'plain is accepted', async ({ push, discovery }) => same(discovery.body['code_challenge_methods_supported'], ['S256']) && (await push({ code_challenge_method: 'plain' })).status >= 400),
  row('A17', 'MUST', 'redirect URI compared exactly', 'another address is accepted', async ({ push }) => (await push({ redirect_uri: 'https://probe.invalid/callback/' })).status >= 400 && (await push({ redirect_uri: undefined })).status >= 400),
  row('A18', 'MUST', 'refresh with a signed assertion', 'a refresh token works without it', async ({ login, discovery }) => (await login()).refresh.anonymous.status >= 400
    && within(discovery.body['token_endpoint_auth_methods_supported'], ['private_key_jwt'], ['private_key_jwt', 'tls_client_auth'])),
  row('A19', 'MUST NOT', 'no refresh token for client_credentials', 'one is issued', async ({ login }) => (await login()).machine.body['refresh_token'] === undefined && (await login()).machine.status === 200),
  elsewhere('A20', 'MUST', 'public clients: refresh tokens bound or once', 'there are no public clients', ({ clients }) => clients.every((client) => client.token_endpoint_auth_method !== 'none')),
  row('A37', 'MUST', 'assertions with aud, exp and jti, once; RS256', 'one for another server, or one used before, is accepted', async (host) => {
    const tokenEndpoint = await host.asProbe('/request', host.probe.request(), { audience: String(host.discovery.body['token_endpoint']) });
    const foreign = await host.asProbe('/request', host.probe.request(), { audience: 'https://elsewhere.example' });
    return tokenEndpoint.status === 201 && foreign.status >= 400 && within(host.discovery.body['token_endpoint_auth_signing_alg_values_supported'], ['RS256'], ['RS256', 'PS256', 'ES256']);
  }),
  row('A38', 'MUST', 'clients register keys', 'a client that signs has none', ({ clients }) => clients.every((client) => client.token_endpoint_auth_method !== 'private_key_jwt' || client.jwks !== undefined || client.jwks_uri !== undefined)),
  elsewhere('A39', 'MUST', 'PKIoverheid keys of clients of other organisations', 'keys are agreed at registration; where partners ask PKIoverheid, give a jwks with x5c'),
  row('A40', 'MUST', 'all clients registered', 'an unknown client is answered', async ({ ask }) => (await ask(`/auth?${new URLSearchParams({ client_id: 'NOBODY', response_type: 'code', redirect_uri: 'https://probe.invalid/callback' }).toString()}`)).status >= 400),
];
