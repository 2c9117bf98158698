import { exportJWK, generateKeyPair } from 'jose';
import * as oauth from 'oauth4webapi';
import { metadataFrom } from '../../src/cli/client-metadata.ts';
import { clientSchema } from '../../src/config/schema.ts';
import { hashSecret } from '../../src/oidc/clients.ts';
import { putClient } from '../../src/store/clients.ts';
import type { z } from 'zod';
import type { HttpBrowser, Page } from './http-browser.ts';
import type { Install } from './install.ts';
import { ib, person } from './journeys.ts';

/** A portal as its builder writes it: the issuer, a client id and its credential, and a library. */
export const insecure = { [oauth.allowInsecureRequests]: true } as const;

export type Tokens = oauth.TokenEndpointResponse & { claims: oauth.IDToken; id_token: string };
type Started = { url: string; verifier: string; state: string; nonce: string };

export class RelyingParty {
  readonly as: oauth.AuthorizationServer;
  readonly client: oauth.Client;
  readonly auth: oauth.ClientAuth;
  readonly redirectUri: string;

  constructor(as: oauth.AuthorizationServer, client: oauth.Client, auth: oauth.ClientAuth, redirectUri: string) {
    this.as = as;
    this.client = client;
    this.auth = auth;
    this.redirectUri = redirectUri;
  }

  static async connect(issuer: string, client: oauth.Client, auth: oauth.ClientAuth, redirectUri: string): Promise<RelyingParty> {
    return new RelyingParty(await discover(issuer), client, auth, redirectUri);
  }

  /** Where the browser is sent; PKCE, state and nonce as the library makes them. */
  async start(changes: Record<string, string | undefined> = {}): Promise<Started> {
    const [verifier, state, nonce] = [oauth.generateRandomCodeVerifier(), oauth.generateRandomState(), oauth.generateRandomNonce()];
    const all = {
      client_id: this.client.client_id, redirect_uri: this.redirectUri, response_type: 'code', scope: 'openid profile email phone organisation roles',
      state, nonce, code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256', ...changes,
    };
    const query = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined);
    return { url: `${this.as.authorization_endpoint}?${new URLSearchParams(query).toString()}`, verifier, state, nonce };
  }

  /** Checks the answer (state, `iss`), redeems the code, checks the ID token with its signature. */
  async finish({ verifier, state, nonce }: Started, page: Page): Promise<Tokens> {
    const params = oauth.validateAuthResponse(this.as, this.client, new URL(page.location ?? page.url), state);
    const response = await oauth.authorizationCodeGrantRequest(this.as, this.client, this.auth, params, this.redirectUri, verifier, insecure);
    const result = await oauth.processAuthorizationCodeResponse(this.as, this.client, response, { expectedNonce: nonce, requireIdToken: true });
    await oauth.validateApplicationLevelSignature(this.as, response, insecure);
    return { ...result, id_token: result.id_token ?? '', claims: oauth.getValidatedIdTokenClaims(result)! };
  }

  async refresh(refreshToken: string): Promise<oauth.TokenEndpointResponse> {
    const response = await oauth.refreshTokenGrantRequest(this.as, this.client, this.auth, refreshToken, insecure);
    return oauth.processRefreshTokenResponse(this.as, this.client, response);
  }

  userinfo(accessToken: string): Promise<Response> {
    return oauth.userInfoRequest(this.as, this.client, accessToken, insecure);
  }

  async introspect(token: string): Promise<oauth.IntrospectionResponse> {
    return oauth.processIntrospectionResponse(this.as, this.client, await oauth.introspectionRequest(this.as, this.client, this.auth, token, insecure));
  }

  async revoke(token: string): Promise<void> {
    await oauth.processRevocationResponse(await oauth.revocationRequest(this.as, this.client, this.auth, token, insecure));
  }
}

export async function discover(issuer: string): Promise<oauth.AuthorizationServer> {
  const url = new URL(issuer);
  return oauth.processDiscoveryResponse(url, await oauth.discoveryRequest(url, insecure));
}

/** Registers a client as the command line does. */
export async function register(at: Install, realm: string, portal: string, config: Omit<z.input<typeof clientSchema>, 'demo'>): Promise<void> {
  const { demo: _, ...checked } = clientSchema.parse(config);
  await putClient(at.host(realm).database.db, { client_id: checked.client_id, portal, metadata: JSON.stringify(metadataFrom(checked, portal)), created_at: at.now(), updated_at: at.now() });
}

export const callback = 'http://localhost:9/cb';

type Changes = Partial<z.input<typeof clientSchema>>;

/** A client with a secret at Mijn CAK Zakelijk, ready to be used. */
export async function cakClient(at: Install, id: string, changes: Changes = {}): Promise<RelyingParty> {
  const secret = `secret-of-${id}-that-is-long-enough`;
  await register(at, 'cak', 'mijn-cak-zakelijk', {
    client_id: id, token_endpoint_auth_method: 'client_secret_basic', client_secret_hash: hashSecret(secret),
    redirect_uris: [callback], post_logout_redirect_uris: ['http://localhost:9/bye'], ...changes,
  });
  const alg = changes.id_token_signed_response_alg;
  const auth = changes.token_endpoint_auth_method === 'client_secret_post' ? oauth.ClientSecretPost(secret) : oauth.ClientSecretBasic(secret);
  return RelyingParty.connect(`${at.url}/cak`, { client_id: id, ...(alg && { id_token_signed_response_alg: alg }) }, auth, callback);
}

/** A client at Mijn CAK Zakelijk that signs with a key of its own (ES256, kid `k1`). */
export function keyClient(at: Install, id: string, changes: Changes = {}): Promise<{ rp: RelyingParty; keys: CryptoKeyPair }> {
  return keyClientAt(at, 'cak', 'mijn-cak-zakelijk', id, changes);
}

/** The same at any portal. */
export async function keyClientAt(at: Install, realm: string, portal: string, id: string, changes: Changes = {}): Promise<{ rp: RelyingParty; keys: CryptoKeyPair }> {
  const keys = await generateKeyPair('ES256', { extractable: true }) as CryptoKeyPair;
  const own = { ...await exportJWK(keys.publicKey), kid: 'k1', alg: 'ES256', use: 'sig' };
  const { jwks, ...rest } = changes;
  await register(at, realm, portal, { client_id: id, jwks: { keys: [own, ...(jwks?.keys ?? [])] }, redirect_uris: [callback], ...rest });
  const client = { client_id: id, ...(rest.userinfo_signed_response_alg && { userinfo_signed_response_alg: rest.userinfo_signed_response_alg }) };
  return { rp: await RelyingParty.connect(`${at.url}/${realm}`, client, oauth.PrivateKeyJwt({ key: keys.privateKey, kid: 'k1' }), callback), keys };
}

/** A client at a portal of the Inlichtingenbureau, whose profile knows keys only. */
export async function ibClient(at: Install, portal: string, id: string, changes: Changes = {}): Promise<RelyingParty> {
  return (await keyClientAt(at, ib, portal, id, changes)).rp;
}

/** Fills in the password page. */
export function typePassword(browser: HttpBrowser, page: Page, id = 'cak-active', changes: Record<string, string> = {}): Promise<Page> {
  const { relation_number = '', username = '', password = '' } = person(id).login;
  return browser.submit(page, { relation_number, username, password, ...changes });
}

/** The whole way of somebody of CAK: authorization, password, token. */
export async function cakLogin(rp: RelyingParty, browser: HttpBrowser, { who = 'cak-active', params = {} }: { who?: string; params?: Record<string, string | undefined> } = {}): Promise<Tokens> {
  const started = await rp.start(params);
  const page = await browser.get(started.url);
  return rp.finish(started, page.step === undefined ? page : await typePassword(browser, page, who));
}
