import { deviating, elsewhere, overTls, row, same, type Row } from './row.ts';
import type { ProfileHost } from './host.ts';

const refused = async (answer: Promise<{ status: number }>): Promise<boolean> => (await answer).status >= 400;
const accepted = async (answer: Promise<{ status: number }>): Promise<boolean> => (await answer).status === 201;
const pushObject = (host: ProfileHost, request: string, more: Record<string, string> = {}) => host.asProbe('/request', { request, ...more });

/** OIDC-NLGOV 1.0.1: sections 3 and 5 to 5.2.1, and what 4.2.1 and 4.3.1 ask of clients. */
export const openidFlow: Row[] = [
  row('O3', 'MUST NOT', 'no implicit, no hybrid flow', 'another response type than code is offered or answered',
    async (host) => same(host.discovery.body['response_types_supported'], ['code']) && await refused(host.push({ response_type: 'code id_token' }))),
  deviating('O4', 'MUST', 'mandatory features of OpenID Connect Core 15.1 and 15.2',
    'requests by a request_uri that the client hosts and dynamic registration are left out: the first makes Sluis fetch addresses that strangers choose, the second makes clients that no contract covers; pushed requests (RFC 9126) and sluis client create do what they are for',
    ({ discovery: { body } }) => body['request_uri_parameter_supported'] === false && body['registration_endpoint'] === undefined && typeof body['userinfo_endpoint'] === 'string'),
  row('O5', 'MUST', 'PKCE supported and required, S256 only', 'a request without PKCE is accepted, a client is excused from it, or another method is offered',
    async (host) => same(host.discovery.body['code_challenge_methods_supported'], ['S256']) && host.clients.every((client) => client['require_pkce'] !== false)
      && await refused(host.push({ code_challenge: undefined, code_challenge_method: undefined })) && await refused(host.push({ code_challenge_method: 'plain' }))),
  row('O6', 'MUST', 'CORS headers on its endpoints', 'the discovery document cannot be read by a page',
    ({ discovery }) => discovery.headers['access-control-allow-origin'] !== undefined),
  row('O7', 'SHOULD NOT', 'no wildcard origins', 'a client has a wildcard, or an origin that was not registered is let in', async ({ clients, ask, login }) => {
    const token = String((await login()).tokens.body['access_token']);
    const stranger = await ask('/me', { headers: { authorization: `Bearer ${token}`, origin: 'https://elsewhere.example' } });
    return stranger.status >= 400 && clients.every((client) => !((client['allowed_origins'] ?? []) as string[]).includes('*'));
  }),
  elsewhere('O8', 'SHOULD', 'browser-based clients follow their best practice', 'every client is a server that authenticates; one that runs in a browser keeps its tokens on its server', confidential),
  elsewhere('O9', 'MUST', 'native clients follow RFC 8252', 'there are no native clients: every client authenticates', confidential),
  row('O10', 'MUST', 'request objects signed by the client', 'a signed request object is refused',
    async (host) => accepted(pushObject(host, await host.probe.requestObject(host.realm.issuer)))),
  row('O11', 'MUST', 'their signature is checked against the registered key', 'an unsigned one, or one that somebody else signed, is accepted',
    async (host) => await refused(pushObject(host, await host.probe.forged(host.realm.issuer))) && await refused(pushObject(host, host.probe.unsigned(host.realm.issuer)))),
  row('O12', 'MUST', 'request objects encrypted to the provider', 'there is no encryption key, or it opens nothing: sluis keys rotate makes one', async (host) => {
    const keys = host.jwks.keys.filter(({ use }) => use === 'enc');
    const objects = await Promise.all(keys.map(async (key) => host.probe.encrypted(await host.probe.requestObject(host.realm.issuer), key)));
    return keys.length > 0 && (await Promise.all(objects.map((object) => accepted(pushObject(host, object))))).every(Boolean);
  }),
  row('O13', 'SHOULD', 'requests by reference, client-hosted or pushed', 'nothing can be pushed', (host) => accepted(host.push())),
  elsewhere('O14', 'MUST', 'request_uri equals a registered value', 'only references that Sluis itself made are accepted (RFC 9126), once each', async ({ ask }) => {
    const foreign = await ask(`/auth?${new URLSearchParams({ client_id: 'PROBE', request_uri: 'https://probe.invalid/request.jwt' }).toString()}`);
    return foreign.status >= 400;
  }),
  row('O15', 'MUST', 'with a request object, only its parameters count', 'a parameter beside the request object changes the request', async (host) => {
    // beside it: an address that would be refused, and a scope that the object does not ask
    const object = await host.probe.requestObject(host.realm.issuer);
    const without = await host.probe.requestObject(host.realm.issuer, { code_challenge: undefined, code_challenge_method: undefined });
    return await accepted(pushObject(host, object, { redirect_uri: 'https://elsewhere.example/' }))
      && await refused(pushObject(host, without, { code_challenge: 'a'.repeat(43), code_challenge_method: 'S256' }));
  }),
  row('O16', 'MUST', 'token requests validated (Core 3.1.3.2)', 'a code works twice, for another address or without its client', async ({ login }) => {
    const { again, wrong } = await login();
    return again.body['error'] === 'invalid_grant' && wrong.redirect.body['error'] === 'invalid_grant' && wrong.client.status >= 400;
  }),
  row('O17', 'MUST', 'code_verifier checked', 'a code is redeemed without its verifier', async ({ login }) => (await login()).wrong.verifier.body['error'] === 'invalid_grant'),
  row('O29', 'MUST', 'state and nonce in every request', 'a request without state or nonce is accepted',
    async (host) => await refused(host.push({ state: undefined })) && await refused(host.push({ nonce: undefined }))),
  row('O86', 'MUST', 'clients authenticate with private_key_jwt or mTLS, each assertion once', 'a client uses a secret, or an assertion works twice', async (host) => {
    const assertion = await host.probe.assertion(host.realm.issuer);
    const uses = [await host.asProbe('/request', host.probe.request(), { assertion }), await host.asProbe('/request', host.probe.request(), { assertion })];
    return host.clients.every((client) => client.token_endpoint_auth_method === 'private_key_jwt') && uses[0]?.status === 201 && (uses[1]?.status ?? 0) >= 400;
  }),
  row('O87', 'MUST NOT', 'public clients do not identify the client', 'a client without credentials is registered',
    (host) => confidential(host)),
  overTls('O59', 'MUST', 'all discovery paths are https', 'the issuer is https'),
  deviating('O103', 'SHOULD', 'refresh tokens only on need',
    'a client gets them unless its grant_types leave them out: a portal refreshes every few minutes, and so hears that a role is gone or the session over',
    async ({ clients, login }) => clients.every((client) => !(client.grant_types ?? []).includes('refresh_token') || (client.grant_types ?? []).includes('authorization_code')) && (await login()).machine.body['refresh_token'] === undefined),
];

function confidential({ clients }: ProfileHost): boolean {
  return clients.every((client) => client.token_endpoint_auth_method !== undefined && client.token_endpoint_auth_method !== 'none');
}
