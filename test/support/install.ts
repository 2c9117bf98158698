import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import pino, { type Logger } from 'pino';
import { startSluis, type Running } from '../../src/app.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { Config } from '../../src/config/schema.ts';
import type { RealmHost } from '../../src/http/realm.ts';
import { newKeyPair } from '../../src/keys/certificate.ts';
import { root } from '../../src/root.ts';
import { passwordAlone } from '../../bench/plain-login.ts';
import { HttpBrowser } from './http-browser.ts';
import type { KeyPair } from './saml.ts';

export type Install = {
  /** `http://localhost:<port>` */
  url: string;
  port: number;
  running: Running;
  /** signs what all six brokers answer */
  brokerKeys: KeyPair;
  /** signs for the demo portals that have a key instead of a secret (ES256) */
  clientKey: CryptoKey;
  /** epoch seconds, as Sluis sees them */
  now(): number;
  /** moves the clock of Sluis forward; the provider's own lifetimes keep the system's clock */
  advance(seconds: number): void;
  host(realm: string): RealmHost;
  browser(): HttpBrowser;
  stop(): Promise<void>;
};

/** A folder with a copy of the shipped configuration, which a test may spoil. */
export type Workshop = { folder: string; edit(file: string, change: (text: string) => string): void; load(): Config; remove(): void };

/** People of realm cak log in with a password alone here. @param databaseUrl an empty PostgreSQL database; SQLite when absent */
export async function openWorkshop(keys: KeyPair & { cert: string }, databaseUrl = process.env['SLUIS_INSTALL_DATABASE_URL']): Promise<Workshop & { port: number; env: Record<string, string> }> {
  const folder = mkdtempSync(join(tmpdir(), 'sluis-security-'));
  cpSync(join(root, 'config'), join(folder, 'config'), { recursive: true });
  mkdirSync(join(folder, 'keys/demo'), { recursive: true });
  writeFileSync(join(folder, 'keys/demo/simulator.crt'), keys.cert);
  passwordAlone(join(folder, 'config/realms/cak'));
  const port = await freePort();
  const env = {
    SLUIS_PORT: `${port}`, SLUIS_PUBLIC_URL: `http://localhost:${port}`, SLUIS_DATA: join(folder, 'data'), SLUIS_KEYS: join(folder, 'keys'), SLUIS_DEMO: 'true',
    ...(databaseUrl && { SLUIS_DATABASE_URL: databaseUrl }),
  };
  return {
    folder, port, env,
    edit(file, change) {
      const path = join(folder, 'config', file);
      const [before, after] = [readFileSync(path, 'utf8'), change(readFileSync(path, 'utf8'))];
      if (before === after) throw new Error(`${file}: nothing changed`);
      writeFileSync(path, after);
    },
    load() {
      const config = loadConfig(join(folder, 'config/sluis.yaml'), env, { certificates: 'required' });
      return { ...config, system: { ...config.system, log_level: 'silent' } };
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

export async function newBrokerKeys(): Promise<KeyPair & { cert: string }> {
  const { key, cert } = await newKeyPair('broker of the tests', Math.floor(Date.now() / 1000));
  return { privateKey: key, publicKey: cert, cert };
}

/** Starts Sluis with the demo people in this process. The six brokers are ours: `brokerKeys` signs for them. */
export async function install(options: { prepare?: (workshop: Workshop) => void; change?: (config: Config) => void; log?: Logger } = {}): Promise<Install> {
  const brokerKeys = await newBrokerKeys();
  const workshop = await openWorkshop(brokerKeys);
  options.prepare?.(workshop);
  const config = workshop.load();
  const clientKeys = await generateKeyPair('ES256', { extractable: true }) as CryptoKeyPair;
  giveKeys(config, await exportJWK(clientKeys.publicKey));
  options.change?.(config);
  const keep = lendKeys(config.system.keys);
  let ahead = 0;
  const now = (): number => Math.floor(Date.now() / 1000) + ahead;
  const running = await startSluis(config, { log: options.log ?? pino({ level: 'silent' }), clock: now });
  keep();
  const url = `http://localhost:${workshop.port}`;
  return {
    url, port: workshop.port, running, brokerKeys, clientKey: clientKeys.privateKey, now,
    advance: (seconds) => { ahead += seconds; },
    host: (realm) => running.hosts.find((host) => host.realm.id === realm) ?? unknown(realm),
    browser: () => new HttpBrowser(url),
    async stop() {
      await running.stop();
      workshop.remove();
    },
  };
}

/**
 * Making RSA keys takes seconds, and every file of tests would do it again: the keys of the first installation are lent
 * to the next ones, as long as they are made in the same way. Returns what keeps those that were made now.
 */
export function lendKeys(folder: string): () => void {
  const made = createHash('sha256').update(readFileSync(join(root, 'src/keys/signing.ts'))).update(readFileSync(join(root, 'src/keys/keys.ts'))).digest('hex').slice(0, 12);
  const kept = join(tmpdir(), `sluis-test-keys-${made}`);
  if (existsSync(kept)) {
    cpSync(kept, folder, { recursive: true, force: false });
    return () => undefined;
  }
  return () => {
    const draft = mkdtempSync(`${kept}-`);
    cpSync(folder, draft, { recursive: true, filter: (source) => !source.startsWith(join(folder, 'demo')) });
    try {
      renameSync(draft, kept);
    } catch {
      // another run was first: its keys are as good
      rmSync(draft, { recursive: true });
    }
  };
}

/** Nobody serves the key sets of the demo portals here. */
export function giveKeys(config: Config, key: JWK): void {
  for (const client of config.realms.flatMap((realm) => realm.portals.flatMap((portal) => portal.clients))) {
    if (client.jwks_uri === undefined) continue;
    delete client.jwks_uri;
    client.jwks = { keys: [{ ...key }] };
  }
}

export function unknown(realm: string): never {
  throw new Error(`there is no realm ${realm}`);
}

export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
