import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import pino, { type Logger } from 'pino';
import { seedDemo } from '../db/demo/seed.ts';
import { createSamlBroker } from './brokers/saml/broker.ts';
import { spMetadata } from './brokers/saml/metadata.ts';
import type { Broker } from './brokers/broker.ts';
import { databaseOptions } from './config/database.ts';
import { profiles } from './config/profile.ts';
import type { Config, Realm, System } from './config/schema.ts';
import { startLifecycleWorker } from './domain/lifecycle/worker.ts';
import { hashPassword } from './domain/passwords/hash.ts';
import { startSessionWorker } from './domain/session-worker.ts';
import { createVault } from './domain/vault.ts';
import { Engine } from './flow/engine.ts';
import { proveRealm } from './flow/prove.ts';
import { logFile } from './http/log.ts';
import { providerPages } from './http/pages.ts';
import { createRenderer, type Renderer } from './http/render.ts';
import type { RealmHost } from './http/realm.ts';
import { listenMetrics } from './http/observe.ts';
import { createHttp, listen } from './http/server.ts';
import { checkTheme } from './http/theme.ts';
import { ensureRealmKeys, type RealmKeys } from './keys/keys.ts';
import { watchKeys, type KeyWatch } from './keys/watch.ts';
import { createSenders, lettersOf } from './messages/senders.ts';
import { startOutboxWorker } from './messages/worker.ts';
import { contentType, createMetrics, type Metrics, type RealmMetrics } from './metrics/metrics.ts';
import { auditProvider } from './oidc/audit.ts';
import { logoutSender, logoutSettled } from './oidc/notices.ts';
import { observeProvider } from './oidc/observe.ts';
import { plainly } from './oidc/plain/plain.ts';
import { checkClients, createProvider } from './oidc/provider.ts';
import { root } from './root.ts';
import { steps } from './steps/index.ts';
import { startSealing } from './store/audit-chain.ts';
import { migrate, openDatabase } from './store/database.ts';
import { startPurge } from './store/purge.ts';

export type Running = {
  url: string; port: number; metricsPort?: number; hosts: RealmHost[];
  /** looks for rotated keys now, not at the next round */
  lookForKeys(): Promise<void>;
  stop(): Promise<void>;
};

/** Where a database error repeats the values it was given. */
const personalData = ['err.detail', 'err.where', 'err.parameters', 'err.query', 'err.internalQuery'];

/** What refuses to start: every reason at once. */
export class StartError extends Error {
  readonly reasons: string[];
  constructor(reasons: string[]) {
    super(reasons.join('\n'));
    this.name = 'StartError';
    this.reasons = reasons;
  }
}

/**
 * Puts an installation together and serves it: the only file that knows every folder.
 * @throws StartError when a flow is not proven, a theme cannot be read or a client is refused
 */
export async function startSluis({ system, realms }: Config, options: { log?: Logger; clock?: () => number } = {}): Promise<Running> {
  const log = options.log ?? pino({ level: system.log_level, redact: personalData }, logFile(process.stdout.fd));
  const clock = options.clock ?? (() => Math.floor(Date.now() / 1000));
  refuseUnproven(realms);
  refuseOpenDemo(system);
  const renderer = createRenderer();
  const opened: Opened[] = [];
  const metrics = createMetrics(() => opened.map(({ host }) => host));
  for (const realm of realms) opened.push(await openRealm(realm, { system, renderer, log: log.child({ realm: realm.id }), clock, metrics }));
  const hosts = opened.map(({ host }) => host);
  const senders = createSenders(system);
  const workers = opened.map(({ host, counts }) => startOutboxWorker({
    database: host.database, senders: { ...senders, ...lettersOf(system, host.realm.id), logout: logoutSender(() => host.provider), settled: logoutSettled(clock) }, log: host.log, clock, forget: !system.demo, observe: counts.outbox,
  }));
  const sessions = hosts.map(({ database, realm, log: realmLog }) => startSessionWorker({ database, realm, clock, log: realmLog }));
  const lifecycles = opened.map(({ host: { database, realm, log: realmLog }, counts }) => startLifecycleWorker({ database, realm, clock, log: realmLog, observe: counts.lifecycle }));
  const purges = hosts.map(({ database, log: realmLog }) => startPurge(database, clock, realmLog));
  const sealings = hosts.map(({ database, log: realmLog }) => startSealing(database, clock, realmLog));
  const scrape = { contentType, page: () => metrics.scrape() };
  const own = system.metrics_port === undefined ? undefined : await listenMetrics(scrape, system.metrics_port, system.metrics_host);
  const watching = { request: metrics.request, ...(system.demo && !own && { scrape }) };
  const server = await listen(createHttp(system, hosts, log, watching), system.port, system.host ?? (system.demo ? '127.0.0.1' : undefined));
  return {
    url: system.public_url, port: server.port, ...(own && { metricsPort: own.port }), hosts,
    lookForKeys: async () => { for (const { watch } of opened) await watch.look(); },
    async stop() {
      // requests in flight first, then the messages they caused, then the seals on both, then the databases
      await server.close();
      await own?.close();
      metrics.stop();
      for (const { watch } of opened) watch.stop();
      for (const purge of purges) await purge.stop();
      for (const worker of [...lifecycles, ...sessions]) await worker.stop();
      for (const worker of workers) await worker.stop();
      senders.close?.();
      for (const sealing of sealings) await sealing.stop();
      for (const { database } of hosts) await database.close();
    },
  };
}

function refuseUnproven(realms: Realm[]): void {
  const reasons = realms.flatMap((realm) => [
    ...proveRealm(realm, steps).map((c) => `realm ${realm.id}, portal ${c.portal}, flow ${c.flow}: ${c.message}${c.path.length > 0 ? ` (${c.path.join(' → ')})` : ''}`),
    ...checkTheme(realm.theme).map((complaint) => `realm ${realm.id}, theme: ${complaint}`),
  ]);
  if (reasons.length > 0) throw new StartError(reasons);
}

/** The demo world publishes every code and password: it stays on the machine it runs on. */
function refuseOpenDemo({ demo, public_url }: System): void {
  const { hostname } = new URL(public_url);
  if (demo && !['localhost', '127.0.0.1', '[::1]'].includes(hostname)) {
    throw new StartError([`demo mode is for localhost, and public_url is ${public_url}: set demo to false`]);
  }
}

type Parts = { system: System; renderer: Renderer; log: Logger; clock: () => number; metrics: Metrics };
type Opened = { host: RealmHost; counts: RealmMetrics; watch: KeyWatch };

async function openRealm(realm: Realm, { system, renderer, log, clock, metrics }: Parts): Promise<Opened> {
  const folder = resolve(root, system.keys);
  const keys = await ensureRealmKeys(folder, realm.id, { demo: system.demo, rsaBits: profiles[realm.profile].rsaBits });
  const vault = createVault(keys.secret);
  const counts = metrics.realm(realm.id, system.database_url ? 'postgres' : 'sqlite');
  const database = openDatabase({ ...databaseOptions(system, realm.id), observe: counts.database });
  await migrate(database);
  if (system.demo) await seedDemo(database, { realm, vault, now: clock(), hashPassword: (plain) => hashPassword(plain, realm.login.argon2) });
  const brokers = brokersOf(realm, keys);
  const engine = new Engine({
    realm, steps, database, clock, vault, observe: counts.flow,
    depart: async (id, request) => {
      const broker = brokers.get(id);
      if (!broker) throw new Error(`broker ${id} is gone from the configuration`);
      return broker.begin(request);
    },
  });
  const provide = async (present: RealmKeys) => {
    const provider = createProvider({ realm, engine, database, keys: present, demo: system.demo, clock, pages: providerPages({ realm, renderer, log }) });
    await checkClients(provider, realm);
    auditProvider({ provider, database, clock, log });
    observeProvider(provider, realm, counts.provider);
    return { keys: present, provider, plain: plainly(provider, { realm, engine, database, clock, log, observe: counts.provider }) };
  };
  let current = await provide(keys);
  const watch = watchKeys({
    folder, realmId: realm.id, keys, demo: system.demo, log,
    async take(rotated) {
      // the library has no way to change keys; a new provider over the same storage takes milliseconds and loses nothing
      current = await provide(rotated);
      counts.keysRotated();
    },
  });
  let metadata: { xml: string | undefined } | undefined;
  const host: RealmHost = {
    realm, system, database, engine, vault, brokers, renderer, log, clock,
    // signed when the first broker asks for it
    get samlMetadata() { return (metadata ??= { xml: metadataOf(realm, keys) }).xml; },
    get keys() { return current.keys; },
    get provider() { return current.provider; },
    get plain() { return current.plain; },
  };
  return { host, counts, watch };
}

function brokersOf(realm: Realm, keys: RealmKeys): ReadonlyMap<string, Broker> {
  const { entityId, acsUrl } = serviceProvider(realm);
  return new Map(realm.brokers.map((config) => [config.id, createSamlBroker({
    realm, config, acsUrl, spEntityId: entityId, spKey: keys.saml.key, spCert: keys.saml.cert,
    certificates: config.certificate_files.map((file) => readFileSync(file, 'utf8')),
  })]));
}

function metadataOf(realm: Realm, keys: RealmKeys): string | undefined {
  if (realm.brokers.length === 0) return undefined;
  const { entityId, acsUrl } = serviceProvider(realm);
  const indexes = new Set(realm.brokers.flatMap((broker) => broker.service_index ?? []));
  return spMetadata({
    acsUrl, spEntityId: entityId, spKey: keys.saml.key, spCert: keys.saml.cert,
    services: [...indexes].map((index) => ({ index, name: realm.name, language: realm.languages[0] ?? 'nl' })),
  });
}

function serviceProvider(realm: Realm): { entityId: string; acsUrl: string } {
  return { entityId: realm.saml.entity_id ?? `${realm.issuer}/saml/metadata`, acsUrl: `${realm.issuer}/saml/acs` };
}
