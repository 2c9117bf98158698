import { deviating, elsewhere, overTls, row, within, type Row } from './row.ts';

/** OAuth-NL 1.1.0: sections 3.1.10 to 6, tokens. */
export const oauthTokens: Row[] = [
  deviating('A21', 'MUST', 'access_token a signed JWT, Bearer', 'see O47: the token that opens only userinfo is opaque; tokens for APIs are signed JWTs',
    async ({ login }) => (await login()).api.header.typ === 'at+jwt' && (await login()).tokens.body['token_type'] === 'Bearer'),
  row('A22', 'MUST', 'iss, azp, exp and jti in the access token', 'one is missing or repeated', async ({ login, realm }) => {
    const { api, machine } = await login();
    return api.claims.iss === realm.issuer && api.claims['azp'] === 'PROBE' && Number.isInteger(api.claims.exp)
      && (api.claims.jti ?? '').length >= 22 && api.claims.jti !== machine.token.claims.jti && machine.token.claims['azp'] === 'PROBE';
  }),
  row('A23', 'SHOULD', 'sub pairwise', 'the sub is another than in the ID token, or the account id', async ({ login }) => {
    const { api, idToken } = await login();
    return api.claims.sub === idToken.claims.sub && api.claims.sub !== 'probe-person';
  }),
  row('A24', 'MAY', 'aud names the API', 'aud is missing', async ({ login }) => (await login()).api.claims.aud === 'https://probe.invalid/api'),
  row('A25', 'MUST/SHOULD', 'signed, RS256 and PS256 supported, kid in the header', 'there is no kid of a published key, or no RSA key', async ({ login, jwks }) => {
    const { header } = (await login()).api;
    return jwks.keys.some(({ kid }) => kid === header.kid) && ['RS256', 'PS256'].every((name) => jwks.keys.some(({ alg, use }) => alg === name && use === 'sig'));
  }),
  deviating('A26', 'SHOULD', 'refresh tokens are JWTs', 'they are opaque: only Sluis reads them, and they can be recalled', async ({ login }) => typeof (await login()).tokens.body['refresh_token'] === 'string'),
  elsewhere('A27', 'MUST', 'if encrypted, to the right key', 'access and refresh tokens are not encrypted', async ({ login }) => (await login()).api.header.alg !== ''),
  elsewhere('A28', 'MUST', 'between organisations: PKIoverheid with OIN', 'where an API is another organisation\'s, put x5c of such a certificate beside the key in signing.json', ({ jwks }) => jwks.keys.every((key) => key['x5c'] === undefined)),
  row('A29', 'MUST', 'authentication at revocation and introspection', 'they answer anybody', async ({ ask }) => (await Promise.all(['/token/introspection', '/token/revocation'].map((path) => ask(path, { form: { token: 'x' } })))).every(({ status }) => status >= 400)),
  row('A30', 'fields', 'introspection: active, scope, exp, sub, client_id', 'one is missing', async ({ login }) => {
    const { body } = (await login()).introspection;
    return body['active'] === true && ['scope', 'exp', 'sub', 'client_id'].every((name) => body[name] !== undefined);
  }),
  row('A31', 'MUST', 'state and code in the answer, PKCE bound to the code, 128 bits', 'the code is short, or works without its verifier', async ({ login, ask }) => {
    const { code, wrong } = await login();
    const query = { client_id: 'PROBE', redirect_uri: 'https://probe.invalid/callback', response_type: 'code', scope: 'openid', state: 'of-the-probe', nonce: 'n' };
    const { headers } = await ask(`/auth?${new URLSearchParams(query).toString()}`);
    return /^[\w-]{22,}$/.test(code) && wrong.verifier.body['error'] === 'invalid_grant' && new URL(headers.location ?? 'https://nowhere.invalid').searchParams.get('state') === 'of-the-probe';
  }),
  row('A32', 'SHOULD', 'access token within an hour, refresh within a day', 'ttl.access_token is above 3600 or ttl.refresh_token above 86400', ({ realm: { ttl } }) => ttl.access_token <= 3600 && ttl.refresh_token <= 86_400),
  row('A33', 'SHOULD', 'default scopes documented', 'the scopes are not published', ({ discovery }) => within(discovery.body['scopes_supported'], ['openid', 'organisation', 'roles'], discovery.body['scopes_supported'] as string[])),
  row('A34', 'SHOULD', 'roles and entitlements by RFC 9068 2.2.3.1', 'they are missing', async ({ login }) => {
    const { claims } = (await login()).api;
    return Array.isArray(claims['roles']) && Array.isArray(claims['entitlements']);
  }),
  row('A35', 'MUST', 'authenticated at the level asked; scopes of others rejected', 'the policy has no check of levels, or a scope that a client was not given is accepted', async ({ policy, push, login, asProbe }) => {
    await login();
    return policy.has('flow') && (await push({ resource: 'https://probe.invalid/other' })).body['error'] === 'invalid_target'
      && (await asProbe('/token', { grant_type: 'client_credentials', resource: 'https://probe.invalid/other' })).body['error'] === 'invalid_target';
  }),
  row('A36', 'MAY', 'shorter tokens for sensitive scopes', 'a token that cannot be recalled lives longer than 5 minutes', async ({ login, realm }) => {
    const { exp = Infinity, iat = 0 } = (await login()).api.claims;
    return exp - iat <= 300 && realm.resources.every(({ ttl }) => ttl <= 300);
  }),
  row('A41', 'info', 'proof of possession: DPoP', 'DPoP is off', ({ discovery }) => within(discovery.body['dpop_signing_alg_values_supported'], ['ES256'], ['ES256', 'RS256', 'PS256'])),
  overTls('A42', 'MUST/SHOULD', 'TLS by BCP 195 and NCSC', 'TLS ends at the reverse proxy or at Node: configure both by the NCSC guideline'),
];
