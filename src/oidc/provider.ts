import { errors, type Provider, type AccessToken, type Client, type ClientCredentials, type Configuration, type KoaContextWithOIDC } from 'oidc-provider';
import type { Realm } from '../config/schema.ts';
import type { Engine } from '../flow/engine.ts';
import type { JournalEntry } from '../flow/facts.ts';
import { takeTry } from '../domain/throttle.ts';
import type { RealmKeys } from '../keys/keys.ts';
import type { Database } from '../store/database.ts';
import { createAdapterFactory } from './adapter.ts';
import { accountFinder } from './account.ts';
import { clientsOf, compareHashedSecret, extraClientProperties, portalOfClient, withDefaults } from './clients.ts';
import { demandOf } from './demand.ts';
import { publishDocuments } from './documents.ts';
import { endpoints } from './endpoints.ts';
import { evidenceOf } from './evidence.ts';
import { features } from './features.ts';
import { RememberingProvider } from './grant-handlers.ts';
import { loadGrant } from './grants.ts';
import { keepClients } from './kept-clients.ts';
import { lifetimes } from './lifetimes.ts';
import { createPolicy } from './policy.ts';
import { keepPortalAfterLogout } from './logged-out.ts';
import { endSessionsWith, type Ended } from './logout.ts';
import { fetchGuarded, fetchInDemo } from './outgoing.ts';
import { acceptPosts } from './posts.ts';
import { publishedKeys } from './published-keys.ts';
import { accessTokenClaims } from './resources.ts';
import { refuseOverSessions, sessionOf } from './session.ts';
import { signers } from './signer.ts';
import { subjectsWith } from './subjects.ts';
import { contextHere, writeWhole } from './unit.ts';

/** Pages in place of the provider's own, filled by http. */
export type ProviderPages = {
  error(ctx: KoaContextWithOIDC, error: { error: string; error_description?: string | undefined }): Promise<void>;
  logout(ctx: KoaContextWithOIDC, form: string): Promise<void>;
  loggedOut(ctx: KoaContextWithOIDC, ended: Ended): Promise<void>;
};

export type ProviderOptions = {
  realm: Realm; engine: Engine; database: Database; keys: RealmKeys; pages: ProviderPages; demo: boolean; clock: () => number;
};

/** One Provider per realm; everything that the library leaves open or unsafe is decided here. */
export function createProvider(options: ProviderOptions): Provider {
  const provider = new RememberingProvider(options.realm.issuer, configuration(options));
  // the flag decides how the provider reads the scheme and host of a request; the app sets the headers it believes
  provider.proxy = true;
  provider.Client.prototype.compareClientSecret = compareHashedSecret;
  keepClients(provider, options.realm, options.database);
  endSessionsWith(provider, options);
  writeWhole(provider, { database: options.database, page: options.pages.error });
  refuseOverSessions(provider, options);
  keepPortalAfterLogout(provider);
  acceptPosts(provider, options.realm);
  publishDocuments(provider, options.realm, options.keys);
  return provider;
}

/** @throws Error naming a client of the realm's files that the provider does not accept */
export async function checkClients(provider: Provider, realm: Realm): Promise<void> {
  for (const { client_id } of clientsOf(realm)) {
    // clients are validated at first use otherwise: a portal would find out, not the operator
    await provider.Client.find(client_id).catch((error: Error & { error_description?: string }) => {
      throw new Error(`client ${client_id}: ${error.error_description ?? error.message}`, { cause: error });
    });
  }
}

/** The library's configuration for one realm; what it does not name is on the library's own defaults, each of them looked at. */
export function configuration(options: ProviderOptions): Configuration {
  const { realm, engine, database, keys, demo, clock } = options;
  const findAccount = accountFinder({ realm, engine, database, clock });
  const subjectOf = subjectsWith(keys.secret);
  return {
    adapter: createAdapterFactory(database, clock, (client) => withDefaults(realm, client)),
    clients: clientsOf(realm),
    extraClientMetadata: { properties: extraClientProperties },
    jwks: signers(publishedKeys(keys.jwks)) as Configuration['jwks'] & object,
    ...endpoints(realm),
    ...lifetimes(realm, clock),
    pairwiseIdentifier: async (_ctx: KoaContextWithOIDC, accountId: string, client: Client) => subjectOf(accountId, client),
    extraTokenClaims: (ctx: KoaContextWithOIDC, token: AccessToken | ClientCredentials) => accessTokenClaims(options, ctx ?? contextHere(), token),
    cookies: cookies(realm, keys),
    features: features(options),
    interactions: {
      policy: createPolicy(realm, engine, database),
      url: (ctx, interaction) => startRun(ctx, interaction.uid, interaction.prompt.reasons, options),
    },
    findAccount,
    loadExistingGrant: (ctx) => loadGrant(ctx, realm, engine, database, clock),
    renderError: async (ctx, out) => options.pages.error(ctx, out),
    fetch: demo ? fetchInDemo : fetchGuarded,
  } as Configuration;
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
  const again = reasons.some((reason) => ['login_prompt', 'id_token_hint', 'claims_id_token_sub_value'].includes(reason));
  const { journal } = again ? { journal: [] } : await evidenceOf(ctx, realm, engine, database);
  const choose = ctx.oidc.prompts.has('select_account') && engine.offersChoice(portal);
  const seed = choose ? withoutOrganisation(journal[0]) : journal[0];
  const { levelId, by, since, organisation } = demandOf(ctx, realm, portal, clock());
  // who is asked to log in now does not get in with what was shown before
  const counted = reasons.includes('login_prompt') ? clock() : since;
  const session = await sessionOf(ctx, realm, database, clock());
  await engine.start({
    id: uid, portal, clientId: ctx.oidc.client.clientId, now: clock(),
    request: {
      levelId, levelBy: by, address, ...(counted !== undefined && { since: counted }),
      ...(session && { session: session.id }),
      ...(session?.organisation_id && { former: { accountId: session.account_id, organisationId: session.organisation_id } }),
      ...(choose && { choose }), ...optional('organisation', organisation),
      ...optional('redirectUri', params['redirect_uri']), ...optional('state', params['state']), ...optional('loginHint', params['login_hint']),
      ...optional('language', spoken(realm, params['ui_locales'])),
    },
    ...(seed && { seed }),
  });
  return `${realm.issuer}/login/${uid}`;
}

/** Who chooses an organisation again has shown who they are, and for nobody yet. */
function withoutOrganisation(entry: JournalEntry | undefined): JournalEntry | undefined {
  if (!entry) return undefined;
  const { organisationId: _, ...rest } = entry;
  return rest;
}

/** Of the languages that a portal prefers, the first that the realm speaks. */
function spoken(realm: Realm, locales: unknown): string | undefined {
  const asked = typeof locales === 'string' ? locales.toLowerCase().split(' ').map((tag) => tag.split('-')[0]) : [];
  return asked.find((language) => realm.languages.some((known) => known === language));
}

function optional<K extends string>(key: K, value: unknown): { [P in K]?: string } {
  return (typeof value === 'string' ? { [key]: value } : {}) as { [P in K]?: string };
}
