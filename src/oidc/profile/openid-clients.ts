import { deviating, elsewhere, row, type Row } from './row.ts';
import type { ProfileHost } from './host.ts';

const unregistered = ({ discovery }: ProfileHost): boolean => discovery.body['registration_endpoint'] === undefined;
const claimsOf = ({ discovery }: ProfileHost): string[] => discovery.body['claims_supported'] as string[];

/** OIDC-NLGOV 1.0.1: sections 5.5 to 7.2, clients, claims and what is around them. */
export const openidClients: Row[] = [
  deviating('O79', 'MUST', 'dynamic registration', 'the OAuth profile makes it SHOULD (row A8); portals are connected by contract, with sluis client create', unregistered),
  elsewhere('O80', 'MUST', 'per-instance secrets of native clients', 'there are no native clients', ({ clients }) => clients.every((client) => client.application_type !== 'native')),
  deviating('O81', 'SHOULD', 'dynamic registration elsewhere', 'see O79', unregistered),
  elsewhere('O82', 'MUST', 'initial access token at registration', 'there is no registration endpoint', unregistered),
  {
    id: 'O83', level: 'MUST', asks: 'redirect_uris https and exact, no localhost',
    check: async ({ clients, system, push }) => {
      const exact = (await push({ redirect_uri: 'https://probe.invalid/callback/more' })).status >= 400;
      const plain = clients.flatMap((client) => client.redirect_uris ?? []).filter((uri) => !uri.startsWith('https:') || new URL(uri).hostname === 'localhost');
      if (exact && plain.length === 0) return { state: 'met', note: '' };
      return exact && system.demo ? { state: 'not applicable', note: 'demo mode: the demo portals are on this machine; outside it such an address is refused' } : { state: 'not met', note: `not https, or localhost: ${plain.join(' ')}` };
    },
  },
  row('O84', 'MUST NOT', 'jwks and jwks_uri not together', 'a client has both', ({ clients }) => clients.every(({ jwks, jwks_uri }) => jwks === undefined || jwks_uri === undefined)),
  row('O85', 'MUST', 'subject_type pairwise', 'a client that logs people in is registered as public', ({ clients }) => clients.every((client) => client['subject_type'] === 'pairwise' || client.response_types?.length === 0)),
  deviating('O88', 'SHOULD', 'collision-resistant claim names', 'names of OpenID Connect, NL GOV and RFC 9068 where there is one; organisation is the only other', (host) => claimsOf(host).includes('organisation')),
  row('O89', 'MUST', 'claims on best effort, GDPR', 'claims come that were not asked', async ({ login }) => {
    const { claims } = (await login()).idToken;
    return claims['phone_number'] === undefined && claims['given_name'] !== undefined;
  }),
  row('O90', 'MUST', 'represents in claims_supported', 'it is missing', (host) => claimsOf(host).includes('represents')),
  deviating('O91', 'SHOULD NOT', 'no profile scope', 'portals greet people by name; a client gets only the scopes it was registered with, and may ask single claims', ({ discovery }) => (discovery.body['scopes_supported'] as string[]).includes('openid')),
  row('O92', 'MUST', 'the claims parameter', 'it is refused, or what it asks is not given', async ({ push, login }) => (await push({ claims: '{"userinfo":{"email":null}}' })).status === 201 && (await login()).idToken.claims['email'] !== undefined),
  row('O93', 'SHOULD', 'a default set of claims', 'the scopes give no claims', async ({ login }) => (await login()).idToken.claims['organisation'] !== undefined),
  row('O94', 'MUST', 'userinfo matches scope and claims', 'userinfo holds other claims', async ({ login }) => {
    const { claims } = (await login()).userinfoJwt;
    return claims['roles'] !== undefined && claims['email'] !== undefined && claims['phone_number'] === undefined;
  }),
  elsewhere('O95', 'MUST NOT', 'no personal data without a ground', 'portals are the operator\'s own: agree the ground and the scopes of each in its contract'),
  deviating('O96', 'SHOULD', 'aggregated and distributed claims', 'every claim is Sluis\' own: there is no other source', ({ discovery }) => (discovery.body['claim_types_supported'] as string[]).every((type) => type === 'normal')),
  row('O97', 'MUST', 'no more data than asked', 'claims come that were not asked', async ({ login }) => (await login()).idToken.claims['phone_number'] === undefined),
  deviating('O98', 'SHOULD', 'token exchange (RFC 8693)', 'an API that calls another one asks a token of its own; resource indicators (RFC 8707) keep scope and audience small', ({ discovery }) => !(discovery.body['grant_types_supported'] as string[]).some((type) => type.includes('token-exchange'))),
  row('O99', 'SHOULD', 'identifiers encrypted end to end', 'ID token and userinfo cannot be encrypted to the client', ({ discovery: { body } }) => body['id_token_encryption_alg_values_supported'] !== undefined && body['userinfo_encryption_alg_values_supported'] !== undefined),
  elsewhere('O100', 'SHOULD', 'unpredictable ids of native instances', 'there are no native clients', unregistered),
  elsewhere('O101', 'MUST', 'risk assessment of each service', 'the operator decides the level of each portal (level in its file) by the assessment of its service', ({ realm }) => realm.portals.every(({ level }) => level !== '')),
  row('O102', 'MUST', 'each client its own client_id', 'an id is used twice', ({ clients }) => new Set(clients.map(({ client_id }) => client_id)).size === clients.length),
  row('O104', 'MUST', 'refresh tokens of confidential clients sender-constrained', 'a refresh token works without its client\'s credential', async ({ login }) => (await login()).refresh.anonymous.status >= 400),
];
