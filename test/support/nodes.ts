import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { exportJWK, generateKeyPair } from 'jose';
import pino from 'pino';
import { startSluis, type Running } from '../../src/app.ts';
import { root } from '../../src/root.ts';
import type { Ground } from './databases.ts';
import { HttpBrowser } from './http-browser.ts';
import { freePort, giveKeys, lendKeys, newBrokerKeys, openWorkshop, unknown, type Install } from './install.ts';
import { startProxy, type Proxy } from './proxy.ts';

/** Several nodes on one database and one key folder, behind a proxy that gives every request to the next. */
export type Nodes = Install & { nodes: Running[]; proxy: Proxy; /** of the installation: config, keys */ folder: string };

const trusting = (text: string): string => text.replace('trusted_proxies: []', 'trusted_proxies: [127.0.0.1, "::1"]');

export async function installNodes(ground: Ground, count = 2): Promise<Nodes> {
  const [brokerKeys, database] = [await newBrokerKeys(), await ground.database()];
  const workshop = await openWorkshop(brokerKeys, database.url);
  workshop.edit('sluis.yaml', trusting);
  let ahead = 0;
  const now = (): number => Math.floor(Date.now() / 1000) + ahead;
  const clientKeys = await generateKeyPair('ES256', { extractable: true }) as CryptoKeyPair;
  const publicKey = await exportJWK(clientKeys.publicKey);
  const keep = lendKeys(workshop.load().system.keys);
  const nodes: Running[] = [];
  for (let node = 0; node < count; node += 1) {
    const config = workshop.load();
    giveKeys(config, publicKey);
    nodes.push(await startSluis({ ...config, system: { ...config.system, port: 0 } }, { log: pino({ level: 'silent' }), clock: now }));
  }
  keep();
  const proxy = await startProxy(workshop.port, nodes.map(({ port }) => port));
  const url = `http://localhost:${workshop.port}`;
  return {
    url, port: workshop.port, running: nodes[0]!, nodes, proxy, brokerKeys, clientKey: clientKeys.privateKey, now, folder: workshop.folder,
    advance: (seconds) => { ahead += seconds; },
    host: (realm) => nodes[0]?.hosts.find((host) => host.realm.id === realm) ?? unknown(realm),
    browser: () => new HttpBrowser(url),
    async stop() {
      await proxy.stop();
      await Promise.all(nodes.map((node) => node.stop()));
      workshop.remove();
      await database.drop();
    },
  };
}

/** A node as operators run it: `sluis serve`. */
export type NodeProcess = { port: number; child: ChildProcess; output(): string; end(signal: NodeJS.Signals): Promise<number | null> };

export type Processes = { url: string; nodes: NodeProcess[]; proxy: Proxy; databaseUrl: string | undefined; browser(): HttpBrowser; stop(): Promise<void> };

/** The same as processes, which can be killed. Needs `dist/`, which `npm test` has just built. */
export async function spawnNodes(ground: Ground, count = 2): Promise<Processes> {
  const database = await ground.database();
  const workshop = await openWorkshop(await newBrokerKeys(), database.url);
  workshop.edit('sluis.yaml', trusting);
  const nodes: NodeProcess[] = [];
  for (let node = 0; node < count; node += 1) nodes.push(await spawnNode(join(workshop.folder, 'config/sluis.yaml'), workshop.env));
  const proxy = await startProxy(workshop.port, nodes.map(({ port }) => port));
  const url = `http://localhost:${workshop.port}`;
  return {
    url, nodes, proxy, databaseUrl: database.url, browser: () => new HttpBrowser(url),
    async stop() {
      await proxy.stop();
      for (const node of nodes) if (node.child.exitCode === null && node.child.signalCode === null) await node.end('SIGTERM');
      workshop.remove();
      await database.drop();
    },
  };
}

async function spawnNode(config: string, env: Record<string, string>): Promise<NodeProcess> {
  const port = await freePort();
  const child = spawn(process.execPath, [join(root, 'dist/src/main.js'), 'serve', '--config', config], { env: { ...process.env, ...env, SLUIS_PORT: `${port}` }, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  await new Promise<void>((resolve, reject) => {
    const hear = (chunk: Buffer): void => {
      said += chunk.toString();
      if (said.includes('sluis ready')) resolve();
    };
    child.stdout?.on('data', hear);
    child.stderr?.on('data', hear);
    child.once('exit', (code) => reject(new Error(`the node stopped with ${code}:\n${said}`)));
  });
  return {
    port, child, output: () => said,
    async end(signal) {
      const exit = once(child, 'exit') as Promise<[number | null]>;
      child.kill(signal);
      return (await exit)[0];
    },
  };
}
