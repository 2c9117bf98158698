import { appendFileSync, cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { run } from '../src/cli/index.ts';
import { newKeyPair } from '../src/keys/certificate.ts';
import { root } from '../src/root.ts';
import { passwordAlone } from './plain-login.ts';
import { freePort, startServer, type Server } from './process.ts';
import { api, callback, scopes, type Credentials, type Person, type Subject } from './subject.ts';

/** The realm that is measured comes first; the others are there as in a real installation, which has five. */
const realms = { cak: 'cak', inlichtingenbureau: 'inlichtingenbureau', ciz: 'ciz', careflex: 'careflex', 'cak-2': 'cak' };
const host = 'sluis.example';
const relationNumber = '30010001';

export type Installation = Subject & { people: Person[]; start(node?: string[]): Promise<Server>; remove(): void };

/**
 * Sluis as an operator installs it: the shipped realms without their demo clients, behind a proxy that ends TLS, SQLite
 * files, clients and people made by its own commands.
 */
export async function createInstallation({ people }: { people: number }): Promise<Installation> {
  const folder = mkdtempSync(join(tmpdir(), 'sluis-bench-'));
  const port = await freePort();
  const environment = {
    SLUIS_DATA: join(folder, 'data'), SLUIS_KEYS: join(folder, 'keys'), PORTALS_URL: 'https://portals.example', SIMULATOR_URL: 'https://broker.example', NODE_ENV: 'production',
  };
  const config = join(folder, 'sluis.yaml');
  const sluis = (words: string, ...args: string[]): Promise<Answer> => command([...words.split(' '), '--realm', 'cak', '--config', config, ...args], { ...process.env, ...environment });
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    await configure(folder, port);
    await sluis('migrate');
    return {
      name: 'sluis', port, host, prefix: '/cak',
      ...await register(sluis, people),
      start: (node = []) => startServer({ script: join(root, 'dist/src/main.js'), args: ['serve', '--config', config], node, env: environment, log: join(folder, 'log/sluis') }),
      remove,
    };
  } catch (error) {
    remove();
    throw error;
  }
}

async function configure(folder: string, port: number): Promise<void> {
  for (const [id, shipped] of Object.entries(realms)) {
    const to = join(folder, 'realms', id);
    cpSync(join(root, 'config/realms', shipped), to, { recursive: true });
    if (shipped === 'cak') passwordAlone(to);
    for (const portal of readdirSync(join(to, 'portals'))) {
      const file = join(to, 'portals', portal);
      // their clients are for the demo world: Sluis refuses them elsewhere
      writeFileSync(file, readFileSync(file, 'utf8').replace(/^clients:\n(?:[ #].*\n)*/m, ''));
    }
  }
  appendFileSync(join(folder, 'realms/cak/realm.yaml'), `\n${stringify({ resources: [{ id: api, name: 'API of the bench', portal: 'mijn-cak-zakelijk', scopes: ['roles'] }] })}`);
  mkdirSync(join(folder, 'keys/demo'), { recursive: true });
  writeFileSync(join(folder, 'keys/demo/simulator.crt'), (await newKeyPair('brokers of the bench', Math.floor(Date.now() / 1000))).cert);
  writeFileSync(join(folder, 'sluis.yaml'), stringify({ public_url: `https://${host}`, port, host: '127.0.0.1', trusted_proxies: ['127.0.0.1'], realms: Object.keys(realms) }));
}

type Answer = Record<string, string>;

/** Runs a command of Sluis in this process. @throws Error with what it says when it refuses */
async function command(argv: string[], env: NodeJS.ProcessEnv): Promise<Answer> {
  const said = { out: '', err: '' };
  const code = await run([...argv, '--json'], {
    env, now: () => Math.floor(Date.now() / 1000), out: (text) => { said.out += text; }, err: (text) => { said.err += text; },
  });
  if (code !== 0) throw new Error(`sluis ${argv.join(' ')}: ${said.err}`);
  return JSON.parse(said.out) as Answer;
}

async function register(sluis: (words: string, ...args: string[]) => Promise<Answer>, count: number): Promise<{ portal: Credentials; batch: Credentials; people: Person[] }> {
  const client = async (id: string, ...args: string[]): Promise<Credentials> => {
    const { client_secret = '' } = await sluis('client create', '--portal', 'mijn-cak-zakelijk', '--client-id', id, '--auth-method', 'client_secret_basic', ...args);
    return { id, secret: client_secret };
  };
  const portal = await client('portal', '--redirect-uri', callback, '--grant', 'authorization_code', '--grant', 'refresh_token', '--scope', scopes);
  const batch = await client('batch', '--grant', 'client_credentials', '--scope', 'roles');
  const organisation = `relation_number:${relationNumber}`;
  await sluis('organisation create', '--name', 'Zorgkantoor Voorbeeld', '--identifier', organisation, '--entitlement', 'all');
  const people: Person[] = [];
  for (let number = 1; number <= count; number += 1) {
    const username = `person-${number}`;
    const { password = '' } = await sluis('user create', '--organisation', organisation, '--username', username, '--given-name', 'Petra', '--family-name', `Nummer ${number}`,
      '--email', `${username}@voorbeeld.example`, '--phone', '070 123 45 67', '--language', 'nl', '--role', 'bestanden:gebruiker', '--role', 'wmo-abonnementstarief:gebruiker');
    people.push({ relation_number: relationNumber, username, password });
  }
  return { portal, batch, people };
}
