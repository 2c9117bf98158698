import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { Provider, interactionPolicy, type Adapter, type AdapterPayload, type ClientMetadata, type Configuration, type KoaContextWithOIDC } from 'oidc-provider';

/**
 * The provider alone, as its documentation sets it up: everything in memory, nothing written, nobody asked anything. It issues
 * what Sluis issues (algorithms, scopes, claims, lifetimes, rotation), so that the difference is what Sluis adds.
 */
const { port, issuer, clients } = JSON.parse(process.env['BARE'] ?? '{}') as { port: number; issuer: string; clients: ClientMetadata[] };

const provider = new Provider(issuer, {
  adapter: adapterOf(),
  clients,
  jwks: { keys: [es256(), rsa(), es256(), rsa()] },
  cookies: { keys: [randomUUID()], long: { httpOnly: true, sameSite: 'lax', signed: true }, short: { httpOnly: true, sameSite: 'lax', signed: true } },
  scopes: ['openid'],
  claims: {
    openid: ['sub'], profile: ['name', 'given_name', 'family_name', 'initials', 'locale', 'updated_at'], email: ['email'], phone: ['phone_number'],
    organisation: ['organisation', 'represents'], roles: ['roles', 'entitlements'], acr: null, auth_time: null,
  },
  acrValues: ['https://refeds.org/profile/sfa', 'https://refeds.org/profile/mfa'],
  responseTypes: ['code'],
  conformIdTokenClaims: false,
  pkce: { required: () => true },
  clientAuthMethods: ['private_key_jwt', 'client_secret_basic', 'client_secret_post'],
  enabledJWA: { idTokenSigningAlgValues: ['ES256', 'RS256', 'PS256'] },
  clientDefaults: { id_token_signed_response_alg: 'ES256', response_types: ['code'] },
  ttl: { AccessToken: 600, AuthorizationCode: 60, ClientCredentials: 600, RefreshToken: 28_800, IdToken: 600, Interaction: 3600, Session: 28_800, Grant: 28_800 },
  rotateRefreshToken: true,
  issueRefreshToken: async (_ctx, client) => client.grantTypeAllowed('refresh_token'),
  interactions: { policy: withoutConsent(), url: (_ctx, { uid }) => `/interaction/${uid}` },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    revocation: { enabled: true },
    introspection: { enabled: true, allowedPolicy: async () => true },
    resourceIndicators: {
      enabled: true,
      defaultResource: async () => [] as unknown as string,
      getResourceServerInfo: async () => ({ scope: 'roles', audience: 'https://api.example', accessTokenTTL: 300, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'ES256' } } }),
    },
  },
  loadExistingGrant: givenGrant,
  findAccount: async (_ctx, sub) => ({
    accountId: sub,
    claims: async () => ({
      sub, name: 'Petra Nummer', given_name: 'Petra', family_name: 'Nummer', locale: 'nl', updated_at: 1_795_348_800, email: 'petra@voorbeeld.example', phone_number: '070 123 45 67',
      organisation: { id: 'o-1', name: 'Zorgkantoor Voorbeeld', identifiers: { relation_number: '30010001' } },
      roles: ['bestanden:gebruiker', 'wmo-abonnementstarief:gebruiker'], entitlements: ['bestanden', 'wmo-abonnementstarief'],
    }),
  }),
} as Configuration);
provider.proxy = true;
provider.use(async (ctx, next) => {
  if (!ctx.path.startsWith('/interaction/')) return next();
  const login = { accountId: randomUUID(), acr: 'https://refeds.org/profile/sfa', amr: ['pwd'], ts: Math.floor(Date.now() / 1000) };
  await provider.interactionFinished(ctx.req, ctx.res, { login }, { mergeWithLastSubmission: false });
  ctx.respond = false;
  return undefined;
});
const server = provider.listen(port, '127.0.0.1', () => { process.stdout.write('bare ready\n'); });
server.keepAliveTimeout = 5000;
process.on('SIGTERM', () => { process.exit(0); });

function withoutConsent() {
  const policy = interactionPolicy.base();
  policy.remove('consent');
  return policy;
}

/** One grant for a session and client, as Sluis keeps them. */
async function givenGrant(ctx: KoaContextWithOIDC) {
  const { client, session } = ctx.oidc;
  if (!client || !session?.accountId) return undefined;
  const known = session.grantIdFor(client.clientId);
  const found = known === undefined ? undefined : await ctx.oidc.provider.Grant.find(known);
  if (found) return found;
  const grant = new ctx.oidc.provider.Grant({ accountId: session.accountId, clientId: client.clientId });
  grant.addOIDCScope([...ctx.oidc.requestParamScopes].join(' '));
  await grant.save();
  return grant;
}

function es256() {
  return { ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig', kid: randomUUID() };
}

function rsa() {
  return { ...generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' }), use: 'sig', kid: randomUUID() };
}

/** A Map for everything. The library's own adapter in memory forgets all but the last 1000 entries. */
function adapterOf(): (model: string) => Adapter {
  const grants = new Map<string, Set<string>>();
  return (model) => {
    const documents = new Map<string, AdapterPayload>();
    const byUid = new Map<string, string>();
    return {
      async upsert(id, payload) {
        documents.set(id, payload);
        if (payload.uid) byUid.set(payload.uid, id);
        if (payload.grantId) grants.set(payload.grantId, (grants.get(payload.grantId) ?? new Set()).add(`${model}:${id}`));
      },
      find: async (id) => documents.get(id),
      findByUid: async (uid) => documents.get(byUid.get(uid) ?? ''),
      findByUserCode: async () => undefined,
      async consume(id) {
        const payload = documents.get(id);
        if (payload) payload['consumed'] = Math.floor(Date.now() / 1000);
      },
      async destroy(id) { documents.delete(id); },
      async revokeByGrantId(grantId) {
        for (const entry of grants.get(grantId) ?? []) if (entry.startsWith(`${model}:`)) documents.delete(entry.slice(model.length + 1));
      },
    };
  };
}

