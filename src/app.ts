import { readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { resolve } from 'node:path';
import pino, { type Logger } from 'pino';
import { seedDemo } from '../db/demo/seed.ts';
import { createSamlBroker } from './brokers/saml/broker.ts';
import { spMetadata } from './brokers/saml/metadata.ts';
import type { Broker } from './brokers/broker.ts';
import { databaseOptions } from './config/database.ts';
import { profiles } from './config/profile.ts';
import type { Config, Realm, System } from './config/schema.ts';
import { hashPassword } from './domain/passwords.ts';
import { startSessionWorker } from './domain/session-worker.ts';
import { Engine } from './flow/engine.ts';
import { proveRealm } from './flow/prove.ts';
import { logFile } from './http/log.ts';
import { providerPages } from './http/pages.ts';
import { createRenderer, type Renderer } from './http/render.ts';
import type { RealmHost } from './http/realm.ts';
import { createHttp, listen } from './http/server.ts';
import { checkTheme } from './http/theme.ts';
import { ensureRealmKeys, type RealmKeys } from './keys/keys.ts';
import { createSenders } from './messages/senders.ts';
import { startOutboxWorker } from './messages/worker.ts';
import { auditProvider } from './oidc/audit.ts';
import { logoutSender, logoutSettled } from './oidc/notices.ts';
import { checkClients, createProvider } from './oidc/provider.ts';
import { root } from './root.ts';
import { steps } from './steps/index.ts';
import { startSealing } from './store/audit-chain.ts';
import { migrate, openDatabase } from './store/database.ts';
import { startPurge } from './store/purge.ts';

export type Running = { url: string; port: number; hosts: RealmHost[]; stop(): Promise<void> };

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
  const hosts: RealmHost[] = [];
  for (const realm of realms) hosts.push(await openRealm(realm, { system, renderer, log: log.child({ realm: realm.id }), clock }));
  const senders = createSenders(system);
  const workers = hosts.map(({ database, provider, log: realmLog }) => startOutboxWorker({
    database, senders: { ...senders, logout: logoutSender(provider), settled: logoutSettled(clock) }, log: realmLog, clock,
  }));
  const sessions = hosts.map(({ database, realm, log: realmLog }) => startSessionWorker({ database, realm, clock, log: realmLog }));
  const purges = hosts.map(({ database, log: realmLog }) => startPurge(database, clock, realmLog));
  const sealings = hosts.map(({ database, log: realmLog }) => startSealing(database, clock, realmLog));
  const server = await listen(createHttp(system, hosts, log), system.port, system.host ?? (system.demo ? '127.0.0.1' : undefined));
  const address = server.address();
  return {
    url: system.public_url, port: typeof address === 'object' && address ? address.port : system.port, hosts,
    async stop() {
      // requests in flight first, then the messages they caused, then the seals on both, then the databases
      await close(server);
      for (const purge of purges) purge.stop();
      for (const worker of sessions) await worker.stop();
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

type Parts = { system: System; renderer: Renderer; log: Logger; clock: () => number };

async function openRealm(realm: Realm, { system, renderer, log, clock }: Parts): Promise<RealmHost> {
  const keys = await ensureRealmKeys(resolve(root, system.keys), realm.id, { demo: system.demo, rsaBits: profiles[realm.profile].rsaBits });
  const database = openDatabase(databaseOptions(system, realm.id));
  await migrate(database);
  if (system.demo) await seedDemo(realm, database, (plain) => hashPassword(plain, realm.login.argon2), clock());
  const brokers = brokersOf(realm, keys);
  const engine = new Engine({
    realm, steps, database, clock,
    depart: async (id, request) => {
      const broker = brokers.get(id);
      if (!broker) throw new Error(`broker ${id} is gone from the configuration`);
      return broker.begin(request);
    },
  });
  const provider = createProvider({ realm, engine, database, keys, demo: system.demo, clock, pages: providerPages({ realm, renderer, log }) });
  await checkClients(provider, realm);
  auditProvider({ provider, database, clock, log });
  return { realm, system, database, keys, engine, provider, brokers, samlMetadata: metadataOf(realm, keys), renderer, log, clock };
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

async function close(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
    // a browser that keeps its connection must not keep us
    setTimeout(() => server.closeAllConnections(), 5_000).unref();
  });
}
