import { elsewhere, overTls, row, same, within, type Row } from './row.ts';

const proxy = 'TLS ends at the reverse proxy or at Node: configure both by the NCSC guideline';

/** OIDC-NLGOV 1.0.1: section 7.2 and 2.3, transport and algorithms. */
export const security: Row[] = [
  overTls('O105', 'MUST', 'TLS by BCP 195 and NCSC', proxy),
  overTls('O106', 'MUST', 'HSTS', 'every answer of an https installation carries Strict-Transport-Security'),
  row('O107', 'SHOULD', 'JWT best practice (RFC 8725)', 'tokens have no type or another key\'s algorithm', async ({ login, jwks }) => {
    const { header } = (await login()).api;
    return header.typ === 'at+jwt' && jwks.keys.some(({ kid, alg }) => kid === header.kid && alg === header.alg);
  }),
  row('O108', 'MUST', 'RS256 supported', 'it is not', ({ discovery }) => within(discovery.body['id_token_signing_alg_values_supported'], ['RS256'], ['RS256', 'PS256', 'ES256'])),
  row('O109', 'SHOULD', 'PS256 supported', 'it is not', ({ discovery }) => within(discovery.body['id_token_signing_alg_values_supported'], ['PS256'], ['RS256', 'PS256', 'ES256'])),
  row('O110', 'MUST NOT', 'no HS*, no none', 'a weak algorithm is offered', ({ discovery: { body } }) => Object.entries(body).every(([name, value]) => !name.endsWith('_signing_alg_values_supported') || within(value, [], ['RS256', 'PS256', 'ES256']))),
  row('O111', 'MUST', 'RSA-OAEP, nothing weaker', 'another algorithm is offered', ({ discovery: { body } }) => Object.entries(body).every(([name, value]) => !name.endsWith('_encryption_alg_values_supported') || within(value, ['RSA-OAEP'], ['RSA-OAEP', 'RSA-OAEP-256']))),
  row('O112', 'MUST', 'A256GCM, nothing weaker', 'another content encryption is offered', ({ discovery: { body } }) => Object.entries(body).every(([name, value]) => !name.endsWith('_encryption_enc_values_supported') || same(value, ['A256GCM']))),
  row('O113', 'MUST', 'sound keys: RSA of 3072 bits', 'an RSA key is shorter: two times sluis keys rotate, with profile: nlgov, replaces them', ({ jwks }) => jwks.keys.every(({ kty, n = '' }) => kty !== 'RSA' || Buffer.from(n, 'base64url').length >= 384)),
  elsewhere('O114', 'MUST NOT', 'no self-issued providers', 'asked of clients; the issuer is not self-issued', ({ realm }) => realm.issuer !== 'https://self-issued.me'),
];
