import * as oidc from 'openid-client';

/** Everything a portal needs of Sluis: the issuer of the realm, a client id, its secret, and where people come back. */
export async function connect(issuer: string, id: string, secret: string, redirect_uri: string, options: oidc.DiscoveryRequestOptions = {}) {
  const sluis = await oidc.discovery(new URL(issuer), id, { id_token_signed_response_alg: 'ES256' }, oidc.ClientSecretBasic(secret), options);
  return {
    /** Send the browser to `url`; keep `state` and `verifier` with that browser (a cookie of your own, or your session). */
    async start() {
      const [state, verifier] = [oidc.randomState(), oidc.randomPKCECodeVerifier()];
      const code_challenge = await oidc.calculatePKCECodeChallenge(verifier);
      const url = oidc.buildAuthorizationUrl(sluis, { redirect_uri, scope: 'openid profile organisation roles', state, code_challenge, code_challenge_method: 'S256' });
      return { url, state, verifier };
    },
    /** `url` is the address with which the browser came back. Claims: sub, name, organisation, roles, acr and more. */
    async finish(url: URL, { state, verifier }: { state: string; verifier: string }) {
      const tokens = await oidc.authorizationCodeGrant(sluis, url, { expectedState: state, pkceCodeVerifier: verifier });
      return tokens.claims();
    },
  };
}
