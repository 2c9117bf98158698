import { createRemoteJWKSet, importJWK } from 'jose';
import type { JWK } from 'jose';
import * as oidc from 'openid-client';
import type { LoggedOut } from './logout-token.ts';
import { createLogoutReader } from './logout-token.ts';
import type { Portal } from './portals.ts';

export type Tokens = { accessToken: string; refreshToken: string | undefined; idToken: string; expiresAt: number; claims: Record<string, unknown> };

export type Pending = { state: string; nonce: string; verifier: string; /** the person wanted to choose another organisation */ choosing?: true };

/** An OpenID Connect client of one portal. All it needs: the issuer, a client id and a credential (seed row ALL-1). */
export type Client = ReturnType<typeof createClient>;

export type ClientOptions = { portal: Portal; issuer: string; base: string; key: JWK | undefined };

/** The issuer's metadata is fetched when it is first needed, and again when that failed: Sluis may start later. */
export function createClient({ portal, issuer, base, key }: ClientOptions) {
  const redirectUri = `${base}/callback`;
  const configuration = once(async () => oidc.discovery(
    new URL(issuer), portal.id, { id_token_signed_response_alg: 'ES256' }, await credential(portal, key),
    { timeout: 10, ...(issuer.startsWith('http:') ? { execute: [oidc.allowInsecureRequests] } : {}) },
  ));
  const logoutReader = once(async () => {
    const { jwks_uri: keys } = (await configuration()).serverMetadata();
    if (keys === undefined) throw new Error(`${issuer} has no jwks_uri`);
    return createLogoutReader({ issuer, audience: portal.id, keys: createRemoteJWKSet(new URL(keys)), now: () => Math.floor(Date.now() / 1000) });
  });
  return {
    /** where to send the browser, and what must come back. @param extra parameters of the request; `organisation` names one (scope) */
    async start({ organisation, ...extra }: Record<string, string>): Promise<{ url: string; pending: Pending }> {
      const pending: Pending = {
        state: oidc.randomState(), nonce: oidc.randomNonce(), verifier: oidc.randomPKCECodeVerifier(), ...(extra['prompt'] === 'select_account' && { choosing: true }),
      };
      const url = oidc.buildAuthorizationUrl(await configuration(), {
        ...extra,
        redirect_uri: redirectUri,
        scope: `openid profile email phone organisation roles${organisation === undefined ? '' : ` organisation:${organisation}`}`,
        state: pending.state,
        nonce: pending.nonce,
        code_challenge: await oidc.calculatePKCECodeChallenge(pending.verifier),
        code_challenge_method: 'S256',
      });
      return { url: url.href, pending };
    },
    async finish(query: string, pending: Pending): Promise<Tokens> {
      const url = new URL(`${redirectUri}?${query}`);
      return tokensOf(await oidc.authorizationCodeGrant(await configuration(), url, {
        expectedState: pending.state, expectedNonce: pending.nonce, pkceCodeVerifier: pending.verifier, idTokenExpected: true,
      }));
    },
    async refresh(tokens: Tokens): Promise<Tokens> {
      if (tokens.refreshToken === undefined) return tokens;
      return tokensOf(await oidc.refreshTokenGrant(await configuration(), tokens.refreshToken), tokens);
    },
    async userinfo(tokens: Tokens): Promise<Record<string, unknown>> {
      return oidc.fetchUserInfo(await configuration(), tokens.accessToken, String(tokens.claims['sub']));
    },
    async logoutUrl(tokens: Tokens): Promise<string> {
      return oidc.buildEndSessionUrl(await configuration(), { id_token_hint: tokens.idToken, post_logout_redirect_uri: `${base}/` }).href;
    },
    /** @throws LogoutRefusal when the token may not be believed */
    async readLogout(token: string): Promise<LoggedOut> {
      return (await logoutReader())(token);
    },
  };
}

async function credential(portal: Portal, key: JWK | undefined): Promise<oidc.ClientAuth> {
  if (portal.secret !== undefined) return oidc.ClientSecretBasic(portal.secret);
  if (!key?.kid) throw new Error(`${portal.id} has no key`);
  return oidc.PrivateKeyJwt({ key: await importJWK(key, 'ES256') as oidc.CryptoKey, kid: key.kid });
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let kept: Promise<T> | undefined;
  return () => {
    kept ??= make().catch((error: unknown) => {
      kept = undefined;
      throw error;
    });
    return kept;
  };
}

function tokensOf(answer: Awaited<ReturnType<typeof oidc.authorizationCodeGrant>>, before?: Tokens): Tokens {
  return {
    accessToken: answer.access_token,
    refreshToken: answer.refresh_token ?? before?.refreshToken,
    idToken: answer.id_token ?? before?.idToken ?? '',
    expiresAt: Math.floor(Date.now() / 1000) + (answer.expiresIn() ?? 300),
    claims: { ...before?.claims, ...answer.claims() },
  };
}

/** `error` of an OAuth answer, for the page that shows it. */
export function errorCode(error: unknown): { code: string; description: string } {
  if (error instanceof oidc.AuthorizationResponseError || error instanceof oidc.ResponseBodyError) {
    return { code: error.error, description: error.error_description ?? '' };
  }
  if (error instanceof oidc.WWWAuthenticateChallengeError) return { code: error.cause[0]?.parameters.error ?? 'invalid_token', description: '' };
  if (error instanceof oidc.ClientError && error.code) return { code: error.code.toLowerCase(), description: error.message };
  return { code: 'unreachable', description: 'Sluis geeft geen antwoord.' };
}

/** True when Sluis said no, rather than said nothing: then the portal's session ends too. */
export function isRefusal(error: unknown): boolean {
  return error instanceof oidc.WWWAuthenticateChallengeError || (error instanceof oidc.ResponseBodyError && error.status < 500);
}
