import { errors, Provider, type Configuration, type FindAccount, type KoaContextWithOIDC } from 'oidc-provider';
import type { Realm } from '../config/schema.ts';
import type { Engine } from '../flow/engine.ts';
import { takeTry } from '../domain/throttle.ts';
import type { RealmKeys } from '../keys/keys.ts';
import type { Database } from '../store/database.ts';
import { createAdapterFactory } from './adapter.ts';
import { accountFinder, introspectionPolicy } from './account.ts';
import { scopeClaims } from './claims.ts';
import { clientsOf, compareHashedSecret, extraClientProperties, portalOfClient } from './clients.ts';
import { evidenceOf, requiredLevel } from './evidence.ts';
import { loadGrant } from './grants.ts';
import { createPolicy } from './policy.ts';
import { endSessionsWith } from './logout.ts';
import { signers } from './signer.ts';

/** Pages in place of the provider's own, filled by http. */
export type ProviderPages = {
  error(ctx: KoaContextWithOIDC, error: { error: string; error_description?: string | undefined }): Promise<void>;
  logout(ctx: KoaContextWithOIDC, form: string): Promise<void>;
  loggedOut(ctx: KoaContextWithOIDC): Promise<void>;
};

export type ProviderOptions = {
  realm: Realm; engine: Engine; database: Database; keys: RealmKeys; pages: ProviderPages; demo: boolean; clock: () => number;
};

/** One Provider per realm; everything that the library leaves open or unsafe is decided here. */
export function createProvider(options: ProviderOptions): Provider {
  const provider = new Provider(options.realm.issuer, configuration(options));
  // the flag decides how the provider reads the scheme and host of a request; the app sets the headers it believes
  provider.proxy = true;
  provider.Client.prototype.compareClientSecret = compareHashedSecret;
  endSessionsWith(provider, options);
  return provider;
}

/** @throws Error naming a client of the realm's files that the provider does not accept */
export async function checkClients(provider: Provider, realm: Realm): Promise<void> {
  for (const { client_id } of clientsOf(realm)) {
    // clients are validated at first use otherwise: a portal would find out, not the operator
    await provider.Client.find(client_id);
  }
}

function configuration(options: ProviderOptions): Configuration {
  const { realm, engine, database, keys, demo, clock } = options;
  const findAccount = accountFinder({ realm, engine, database, clock });
  return {
    adapter: createAdapterFactory(database, clock),
    clients: clientsOf(realm),
    extraClientMetadata: { properties: extraClientProperties },
    jwks: signers(keys.jwks) as Configuration['jwks'] & object,
    ...endpoints(realm),
    ...tokens(realm, clock),
    cookies: cookies(realm, keys),
    features: features(realm, options.pages, findAccount),
    interactions: {
      policy: createPolicy(realm, engine, database),
      url: (ctx, interaction) => startRun(ctx, interaction.uid, interaction.prompt.reasons, options),
    },
    findAccount,
    loadExistingGrant: (ctx) => loadGrant(ctx, realm, engine, database, clock),
    renderError: async (ctx, out) => options.pages.error(ctx, out),
    // outgoing calls refuse loopback; in the demo world everything lives there
    ...(demo && { fetch: async (url: string | URL | Request, { dispatcher: _guard, ...init }: RequestInit & { dispatcher?: unknown } = {}) => fetch(url, init) }),
  } as Configuration;
}

function endpoints(realm: Realm): Configuration {
  return {
    scopes: ['openid'],
    claims: { ...scopeClaims, acr: null, auth_time: null } as NonNullable<Configuration['claims']>,
    acrValues: realm.levels.map((level) => level.acr),
    responseTypes: ['code'],
    subjectTypes: ['public'],
    clientAuthMethods: ['private_key_jwt', 'client_secret_basic', 'client_secret_post'],
    allowOmittingSingleRegisteredRedirectUri: false,
    // every client is confidential: no page of another origin calls with a token of its own
    clientBasedCORS: () => false,
    pkce: { required: (_ctx, client) => client['require_pkce'] !== false },
    // portals that read only the ID token get organisation, roles and level too (row ALL-1)
    conformIdTokenClaims: false,
    enabledJWA: {
      idTokenSigningAlgValues: ['ES256', 'RS256', 'PS256'],
      clientAuthSigningAlgValues: ['ES256', 'RS256', 'PS256'],
      requestObjectSigningAlgValues: ['ES256', 'RS256', 'PS256'],
    },
    clientDefaults: { id_token_signed_response_alg: 'ES256', response_types: ['code'], grant_types: ['authorization_code'] },
  };
}

function tokens(realm: Realm, clock: () => number): Configuration {
  return {
    ttl: {
      AccessToken: realm.ttl.access_token, AuthorizationCode: realm.ttl.code, ClientCredentials: realm.ttl.access_token,
      RefreshToken: realm.ttl.refresh_token, IdToken: realm.ttl.access_token,
      Interaction: realm.ttl.run, // counted from the login, not from the last use
      Session: (_ctx, session) => Math.max(1, (session.loginTs ?? clock()) + realm.ttl.session - clock()),
      Grant: realm.ttl.session,
    },
    rotateRefreshToken: true,
    issueRefreshToken: async (_ctx, client) => client.grantTypeAllowed('refresh_token'),
  };
}

function cookies(realm: Realm, keys: RealmKeys): NonNullable<Configuration['cookies']> {
  return {
    keys: keys.cookies,
    // the session cookie has path /, so equal names of two realms would overwrite each other
    names: { session: `sluis_${realm.id}`, interaction: `sluis_${realm.id}_run`, resume: `sluis_${realm.id}_resume` },
    long: { httpOnly: true, sameSite: 'lax', signed: true },
    short: { httpOnly: true, sameSite: 'lax', signed: true },
  };
}

function features(realm: Realm, pages: ProviderPages, findAccount: FindAccount): NonNullable<Configuration['features']> {
  return {
    devInteractions: { enabled: false },
    externalSigningSupport: { enabled: true, ack: 'experimental-01' },
    claimsParameter: { enabled: false },
    resourceIndicators: { enabled: false },
    dPoP: { enabled: false },
    pushedAuthorizationRequests: { enabled: true },
    clientCredentials: { enabled: true },
    // its own tokens, nobody else's
    revocation: { enabled: true, allowedPolicy: async (_ctx, client, token) => token.clientId === client.clientId },
    introspection: {
      enabled: true,
      allowedPolicy: introspectionPolicy(realm, findAccount),
    },
    rpInitiatedLogout: {
      enabled: true,
      logoutSource: async (ctx, form) => pages.logout(ctx, form),
      postLogoutSuccessSource: async (ctx) => pages.loggedOut(ctx),
    },
  };
}

/** Logins started in five minutes. */
const startsPerAddress = { limit: 1000, window: 300 };

/** Every authorization that needs a person becomes a run; its address is the interaction's. */
async function startRun(ctx: KoaContextWithOIDC, uid: string, reasons: string[], { realm, engine, database, clock }: ProviderOptions): Promise<string> {
  const portal = portalOfClient(realm, ctx.oidc.client);
  if (!portal || !ctx.oidc.client) throw new Error('a client without a portal');
  const params = ctx.oidc.params ?? {};
  // every start writes rows: one address may not fill the database. Whole municipalities share an address, so it is wide.
  const address = (ctx.state['address'] as string | undefined) ?? '';
  if (!(await takeTry(database.db, `runs@${address}`, startsPerAddress, clock())).allowed) {
    throw new errors.CustomOIDCProviderError('temporarily_unavailable', 'too many logins were started from this address; try again in some minutes');
  }
  // somebody who must log in again brings nothing along
  const again = reasons.some((reason) => reason === 'login_prompt' || reason === 'max_age' || reason === 'id_token_hint');
  const { journal } = again ? { journal: [] } : await evidenceOf(ctx, engine, database);
  const seed = journal[0];
  await engine.start({
    id: uid, portal, clientId: ctx.oidc.client.clientId, now: clock(),
    request: {
      levelId: requiredLevel(realm, portal, params['acr_values']),
      ...optional('redirectUri', params['redirect_uri']), ...optional('state', params['state']), ...optional('loginHint', params['login_hint']),
      ...optional('language', spoken(realm, params['ui_locales'])),
    },
    ...(seed && { seed }),
  });
  return `${realm.issuer}/login/${uid}`;
}

/** Of the languages that a portal prefers, the first that the realm speaks. */
function spoken(realm: Realm, locales: unknown): string | undefined {
  const asked = typeof locales === 'string' ? locales.toLowerCase().split(' ').map((tag) => tag.split('-')[0]) : [];
  return asked.find((language) => realm.languages.some((known) => known === language));
}

function optional<K extends string>(key: K, value: unknown): { [P in K]?: string } {
  return (typeof value === 'string' ? { [key]: value } : {}) as { [P in K]?: string };
}
