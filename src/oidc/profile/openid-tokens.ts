import { deviating, elsewhere, row, same, within, type Row } from './row.ts';
import { probePerson } from './person.ts';

const listed = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);

/** OIDC-NLGOV 1.0.1: sections 5.2.2 to 5.3, the tokens and userinfo of a login that was tried. */
export const openidTokens: Row[] = [
  row('O18', 'MUST', 'ID tokens signed by the provider', 'the ID token is not signed with a published key', async ({ login, jwks }) => {
    const { header } = (await login()).idToken;
    return jwks.keys.some(({ kid, use }) => kid === header.kid && use === 'sig');
  }),
  row('O19', 'MAY', 'ID tokens encrypted to the client', 'encryption is off', ({ discovery: { body } }) => listed(body['id_token_encryption_alg_values_supported']).length > 0),
  row('O20', 'MUST', 'ID tokens expire', 'no exp', async ({ login }) => Number.isInteger((await login()).idToken.claims.exp)),
  row('O21', 'SHOULD', 'within 5 minutes', 'ttl.id_token is above 300', async ({ login }) => {
    const { exp = Infinity, iat = 0 } = (await login()).idToken.claims;
    return exp - iat <= 300;
  }),
  row('O22', 'MUST', 'iss is the issuer', 'another iss', async ({ login, realm }) => (await login()).idToken.claims.iss === realm.issuer),
  row('O23', 'MUST', 'aud has the client id', 'another aud', async ({ login }) => [(await login()).idToken.claims.aud].flat().includes('PROBE')),
  row('O24', 'MUST', 'sub, and pairwise supported', 'sub is missing, or pairwise is not offered',
    async ({ login, discovery }) => typeof (await login()).idToken.claims.sub === 'string' && listed(discovery.body['subject_types_supported']).includes('pairwise')),
  row('O25', 'SHOULD', 'sub_id_type is a URI', 'the ID token of a pairwise client has none', async ({ login }) => URL.canParse(String((await login()).idToken.claims['sub_id_type']))),
  row('O26', 'MUST', 'acr at least what was asked', 'the policy has no check of levels, or the ID token no acr of the realm', async ({ login, realm, policy }) => {
    const { acr } = (await login()).idToken.claims;
    return policy.has('flow') && realm.levels.some((level) => level.acr === acr);
  }),
  row('O27', 'SHOULD', 'acr rather than vot', 'vot is offered', ({ discovery: { body } }) => listed(body['claims_supported']).includes('acr') && !listed(body['claims_supported']).includes('vot')),
  row('O28', 'MUST', 'nonce of the request', 'the nonce is another one', async ({ login }) => {
    const { nonce, idToken } = await login();
    return idToken.claims['nonce'] === nonce;
  }),
  row('O30', 'MUST', 'jti in the ID token, unique for a year', 'no jti, or a short or repeated one', async ({ login }) => {
    const { idToken, other } = await login();
    return (idToken.claims.jti ?? '').length >= 22 && idToken.claims.jti !== other.idToken.claims.jti;
  }),
  row('O31', 'MUST', 'auth_time when asked', 'auth_time is missing or not the time of the login', async ({ login }) => {
    const { authTime, idToken } = await login();
    return idToken.claims['auth_time'] === authTime;
  }),
  row('O32', 'MUST', 'exp, iat and nbf', 'one of them is missing, or nbf is still to come', async ({ login }) => {
    const { exp, iat, nbf } = (await login()).idToken.claims;
    return [exp, iat, nbf].every(Number.isInteger) && Number(nbf) <= Number(iat);
  }),
  row('O33', 'MUST', 'represents when somebody acts for another', 'represents is missing', async ({ login }) => typeof (await login()).idToken.claims['represents'] === 'object'),
  elsewhere('O34', 'MUST/SHOULD', 'alt_sub has sub and aud', 'alt_sub is never issued', async ({ login }) => (await login()).idToken.claims['alt_sub'] === undefined),
  row('O35', 'MUST NOT', 'no vot beside acr', 'vot is issued', async ({ login }) => (await login()).idToken.claims['vot'] === undefined),
  row('O36', 'MUST', 'pairwise where correlation is not appropriate', 'a client that logs people in is registered as public, or the sub is the account id', async ({ login, clients }) => {
    const { sub } = (await login()).idToken.claims;
    return sub !== probePerson.account && clients.every((client) => client['subject_type'] === 'pairwise' || client.response_types?.length === 0);
  }),
  row('O37', 'MUST NOT', 'no BSN, RSIN or KvK number as sub', 'the sub holds a number', async ({ login }) => {
    const { sub = '' } = (await login()).idToken.claims;
    return !sub.includes(probePerson.kvk) && !/^\d{8,9}$/.test(sub);
  }),
  elsewhere('O38', 'MUST/SHOULD', 'BSN only where the law allows, encrypted', 'no claim holds a BSN', ({ discovery: { body } }) => !listed(body['claims_supported']).some((name) => /bsn/i.test(name))),
  row('O39', 'MUST', 'representation in represents, the person in sub', 'sub is what is represented', async ({ login }) => {
    const { sub, represents } = (await login()).idToken.claims as { sub: string; represents?: { sub: string } };
    return represents?.sub === probePerson.kvk && sub !== represents.sub;
  }),
  row('O40', 'MUST', 'represents has sub and iss, and a type', 'one of them is missing', async ({ login }) => {
    const found = ((await login()).idToken.claims['represents'] ?? {}) as Record<string, unknown>;
    return typeof found['sub'] === 'string' && typeof found['iss'] === 'string' && URL.canParse(String(found['sub_id_type']));
  }),
  row('O41', 'MUST NOT', 'nothing but identity in represents', 'it holds other claims',
    async ({ login }) => within(Object.keys(((await login()).idToken.claims['represents'] ?? {}) as object), ['sub', 'iss'], ['sub', 'iss', 'sub_id_type'])),
  row('O42', 'SHOULD', 'acr with eIDAS values', 'no level of the realm has an eIDAS acr: only where identity was not proofed may it have another',
    ({ discovery: { body } }) => listed(body['acr_values_supported']).some((acr) => acr.startsWith('http://eidas.europa.eu/LoA/'))),
  row('O43', 'MUST', 'acr at least the level agreed', 'the policy has no check of levels', ({ policy, realm }) => policy.has('flow') && realm.portals.every(({ level }) => realm.levels.some(({ id }) => id === level))),
  row('O44', 'MUST NOT', 'no amr', 'amr is issued or offered',
    async ({ login, discovery, realm }) => realm.profile === 'nlgov' && (await login()).idToken.claims['amr'] === undefined && !listed(discovery.body['claims_supported']).includes('amr')),
  row('O45', 'MUST', 'vtr is ignored beside acr_values', 'a request with both is refused', async ({ push, realm }) => (await push({ vtr: '["P1"]', acr_values: realm.levels[0]?.acr ?? '' })).status === 201),
  row('O46', 'MAY', 'vot and vtm only without acr', 'vot is issued', async ({ login }) => (await login()).idToken.claims['vtm'] === undefined),
  deviating('O47', 'MUST', 'access tokens are JWTs',
    'the token that opens only userinfo is opaque: it can be recalled at once, and nobody but Sluis reads it; tokens for APIs are JWTs (RFC 9068)',
    async ({ login }) => (await login()).api.header.typ === 'at+jwt'),
  row('O48', 'MUST', 'refresh tokens used once, or sender-constrained', 'a used one works again', async ({ login }) => (await login()).refresh.reused.body['error'] === 'invalid_grant'),
  row('O49', 'MUST', 'rotated at every refresh', 'the same refresh token comes back', async ({ login }) => {
    const { refresh, other } = await login();
    const rotated = refresh.first.body['refresh_token'];
    return typeof rotated === 'string' && rotated !== other.tokens.body['refresh_token'];
  }),
  row('O50', 'MUST', 'refresh tokens expire on inactivity, within 6 hours', 'ttl.refresh_token is above 21600', ({ realm }) => realm.ttl.refresh_token <= 21_600),
  elsewhere('O51', 'MUST', 'public clients: refresh tokens once', 'there are no public clients', ({ clients }) => clients.every((client) => client.token_endpoint_auth_method !== 'none')),
  row('O52', 'MUST', 'userinfo with at least sub', 'userinfo fails', async ({ login }) => (await login()).userinfo.status === 200),
  row('O53', 'SHOULD NOT', 'userinfo gives no error', 'userinfo fails', async ({ login }) => (await login()).userinfo.status === 200),
  row('O54', 'MUST', 'userinfo as a signed, encrypted JWT', 'userinfo is not a JWT for a client that asked for one, or cannot be encrypted',
    async ({ login, discovery }) => String((await login()).userinfo.headers['content-type']).startsWith('application/jwt')
      && same(discovery.body['userinfo_encryption_enc_values_supported'], ['A256GCM'])),
];
