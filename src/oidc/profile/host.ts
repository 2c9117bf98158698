import type { ClientMetadata, Provider } from 'oidc-provider';
import { createVault } from '../../domain/vault.ts';
import type { Realm, System } from '../../config/schema.ts';
import { Engine } from '../../flow/engine.ts';
import type { Steps } from '../../flow/flow.ts';
import type { RealmKeys } from '../../keys/keys.ts';
import { migrate, openDatabase, type Database } from '../../store/database.ts';
import { clientsOf, withDefaults } from '../clients.ts';
import { createPolicy } from '../policy.ts';
import { createProvider } from '../provider.ts';
import { askOf, type Answer, type Ask } from './ask.ts';
import { newProbeKeys, type ProbeKeys } from './keys.ts';
import { probeClient, withProbe } from './probe.ts';
import { logIn, type ProbeLogin } from './login.ts';
import { seedPerson } from './person.ts';

/** Everything that a row may look at: the provider of the realm as it would run, asked over HTTP. */
export type ProfileHost = {
  realm: Realm;
  system: System;
  provider: Provider;
  /** every client of the realm, of the files and registered, with what the profile adds; not the probe */
  clients: ClientMetadata[];
  /** names of the checks that a login must pass at every authorization */
  policy: Set<string>;
  discovery: Answer;
  jwks: Answer & { keys: Record<string, string>[] };
  ask: Ask;
  /** asks as the probe, a client of this run with a key of its own */
  asProbe(path: string, form: Record<string, string>, changes?: { audience?: string; assertion?: string }): Promise<Answer>;
  /** pushes an authorization request of the probe: 201 when it is fine. `undefined` leaves a parameter out. */
  push(changes?: Record<string, string | undefined>): Promise<Answer>;
  /** a whole login of a person of this run; made once */
  login(): Promise<ProbeLogin>;
  probe: ProbeKeys;
  close(): Promise<void>;
};

export type CheckOptions = { realm: Realm; system: System; keys: RealmKeys; steps: Steps; registered: ClientMetadata[] };

/** Puts the realm's provider together on an empty database in memory, with a client, a portal, an API and a person to try it with. */
export async function openHost({ realm, system, keys, steps, registered }: CheckOptions): Promise<ProfileHost> {
  const probe = await newProbeKeys();
  const tried = withProbe(realm, probe.jwks);
  const database: Database = openDatabase({ file: ':memory:' });
  await migrate(database);
  const clock = (): number => Math.floor(Date.now() / 1000);
  const engine = new Engine({ realm: tried, steps, database, clock, vault: createVault(keys.secret), depart: () => Promise.reject(new Error('nobody departs from here')) });
  const plain = async (ctx: { body: unknown }, body: unknown): Promise<void> => { ctx.body = body; };
  const provider = createProvider({
    realm: tried, engine, database, keys, demo: system.demo, clock,
    pages: { error: (ctx, error) => plain(ctx, { error: error.error }), logout: (ctx, form) => plain(ctx, form), loggedOut: (ctx) => plain(ctx, 'logged out') },
  });
  const ask = askOf(provider, realm.issuer);
  const { asProbe, push } = callsOf(ask, realm, probe);
  await seedPerson(database, tried, clock());
  let login: Promise<ProbeLogin> | undefined;
  const jwks = await ask('/jwks');
  return {
    realm, system, provider, ask, asProbe, push, probe,
    clients: [...clientsOf(realm), ...registered.map((client) => withDefaults(realm, client))],
    policy: new Set(createPolicy(tried, engine, database).get('login')?.checks.map(({ reason }) => reason)),
    discovery: await ask('/.well-known/openid-configuration', { headers: { origin: 'https://elsewhere.example' } }),
    jwks: { ...jwks, keys: jwks.body['keys'] as Record<string, string>[] },
    login: () => (login ??= logIn({ provider, database, realm: tried, asProbe, ask, clock })),
    close: () => database.close(),
  };
}

function callsOf(ask: Ask, realm: Realm, probe: ProbeKeys): Pick<ProfileHost, 'asProbe' | 'push'> {
  const asProbe: ProfileHost['asProbe'] = async (path, form, changes = {}) => ask(path, { form: {
    ...form, client_id: probeClient,
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: changes.assertion ?? await probe.assertion(changes.audience ?? realm.issuer),
  } });
  return {
    asProbe,
    push: (changes = {}) => {
      const all: Record<string, string | undefined> = { ...probe.request(), ...changes };
      return asProbe('/request', Object.fromEntries(Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined)));
    },
  };
}
