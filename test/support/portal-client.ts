import { importJWK, type JWK } from 'jose';
import * as oidc from 'openid-client';
import type { Visitor } from './browser.ts';
import type { World } from './world.ts';

/** A portal of the demo world with its own credential from world.json, beside the portal itself. */
export type PortalClient = Awaited<ReturnType<typeof clientOf>>;

type Entry = { client_id: string; private_jwk: JWK; redirect_uris: [string] };
type Document = { realms: { issuer: string; portals: { clients: Entry[] }[] }[] };

const verifier = oidc.randomPKCECodeVerifier();

/** @throws Error when the portal is not one that signs with its own key */
export async function clientOf(world: World, id: string) {
  const { realms } = await (await fetch(`${world.portals}/world.json`)).json() as Document;
  const realm = realms.find((one) => one.portals.some(({ clients }) => clients.some(({ client_id }) => client_id === id)));
  const entry = realm?.portals.flatMap(({ clients }) => clients).find(({ client_id }) => client_id === id);
  if (!realm || !entry?.private_jwk) throw new Error(`no portal ${id} with a key`);
  const key = await importJWK(entry.private_jwk, 'ES256') as oidc.CryptoKey;
  const config = await oidc.discovery(new URL(realm.issuer), id, { id_token_signed_response_alg: 'ES256' }, oidc.PrivateKeyJwt({ key, kid: entry.private_jwk.kid ?? '' }), { execute: [oidc.allowInsecureRequests] });
  const [redirectUri] = entry.redirect_uris;
  return {
    redirectUri,
    async authorizationUrl(): Promise<string> {
      const code_challenge = await oidc.calculatePKCECodeChallenge(verifier);
      return oidc.buildAuthorizationUrl(config, { redirect_uri: redirectUri, scope: 'openid profile organisation roles', state: 's', nonce: 'n', code_challenge, code_challenge_method: 'S256' }).href;
    },
    redeem: (code: string, redirect_uri: string) => oidc.authorizationCodeGrant(config, new URL(`${redirect_uri}?${new URLSearchParams({ code, state: 's', iss: realm.issuer }).toString()}`), { expectedState: 's', expectedNonce: 'n', pkceCodeVerifier: verifier }),
    introspect: (token: string) => oidc.tokenIntrospection(config, token),
    refresh: (token: string) => oidc.refreshTokenGrant(config, token),
  };
}

/** A code for somebody who is logged in at Sluis. The portal itself did not ask for it, so it stays unused. */
export async function codeFor(visitor: Visitor, client: PortalClient): Promise<string> {
  await visitor.page.goto(await client.authorizationUrl());
  const code = new URL(visitor.page.url()).searchParams.get('code');
  if (code === null) throw new Error(`no code at ${visitor.page.url()}`);
  return code;
}
