import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { root } from '../src/root.ts';
import { contest, enter, load, pace, spentIn, warmUp, type Contender } from './contest.ts';
import { exitCode, figureOf, limitOf, median, report, type Figure, type Limit, type Measured, type Results } from './figures.ts';
import { createInstallation, type Installation } from './installation.ts';
import { machine } from './machine.ts';
import { measures, type Measure } from './measures.ts';
import { besideTheHash, loginOf, withLogins } from './password.ts';
import { freePort, startServer } from './process.ts';
import { profileIn, summarise } from './profile.ts';
import { signingBeside } from './signing.ts';
import { callback, scopes, type Subject } from './subject.ts';

/** Measured without the bare provider: logins beside their hash, signing beside logins, and a server that does nothing. */
const others = ['password', 'signing', 'rest'];

const usage = `usage: npm run bench -- [--only NAME] [--profile NAME] [--json]
  --only NAME     one measure, may be repeated: ${measures.map(({ name }) => `'${name}'`).join(', ')},
                  ${others.map((name) => `'${name}'`).join(', ')}
  --profile NAME  where Sluis spends its time in one measure, or in 'password', from a CPU profile
  --json          the figures as JSON
`;

/** As many connections as people, each signed in. */
const CONNECTIONS = 8;
/** Milliseconds: what Sluis does by itself comes round every 15 s at most, but for what is over (once a minute). */
const IDLE = 15_000;

const { values } = parseArgs({ options: { only: { type: 'string', multiple: true }, profile: { type: 'string' }, json: { type: 'boolean' }, help: { type: 'boolean' } } });
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
if (values.help) process.stdout.write(usage);
else await bench();

async function bench(): Promise<void> {
  const installation = await createInstallation({ people: CONNECTIONS });
  try {
    if (values.profile !== undefined) {
      process.stdout.write(`${await profile(installation, values.profile)}\n`);
      return;
    }
    const only = values.only?.map((name) => (others.includes(name) ? name : measureOf(name).name));
    const wanted = (name: string): boolean => !only || only.includes(name);
    const limits = wanted('rest') ? await atRest(installation) : [];
    const figures = await underLoad(installation, measures.filter(({ name }) => wanted(name)));
    const logins = await withPasswords(installation, wanted);
    process.stdout.write(values.json ? `${JSON.stringify({ machine: machine(), figures, limits, logins }, null, 2)}\n` : `${report(machine(), { figures, limits }, logins)}\n`);
    process.exitCode = exitCode([...figures, ...logins.figures], [...limits, ...logins.limits]);
  } finally {
    installation.remove();
  }
}

function measureOf(name: string): Measure {
  const found = measures.find((measure) => measure.name === name);
  if (!found) throw new Error(`there is no measure ${name}\n${usage}`);
  return found;
}

/** Time to be ready on databases and keys that are there, and memory before the first request. */
async function atRest(installation: Installation): Promise<Limit[]> {
  await (await installation.start()).stop();
  const starts: { ready: number; memory: number }[] = [];
  for (let count = 0; count < 3; count += 1) {
    const server = await installation.start();
    await sleep(2000);
    starts.push({ ready: server.ready, memory: server.memory() });
    await server.stop();
  }
  return [
    limitOf('ready, on a migrated database', median(starts.map(({ ready }) => ready)), 2, 's'),
    limitOf('memory, with five realms', median(starts.map(({ memory }) => memory)), 200, 'MB'),
  ];
}

async function underLoad(installation: Installation, chosen: Measure[]): Promise<Figure[]> {
  if (chosen.length === 0) return [];
  const sluis = await enter(await installation.start(), installation, installation.people);
  const bare = await bareProvider(installation);
  const measured: [Measure, Measured][] = [];
  for (const measure of chosen) {
    process.stderr.write(`${measure.name} …\n`);
    measured.push([measure, await contest(measure, sluis, bare, pace)]);
  }
  // last of all, when what a server does by itself is as warm as the rest
  const [spent, seconds] = await spentIn([sluis, bare], IDLE);
  const idle = { sluis: (spent[0] ?? 0) / seconds, bare: (spent[1] ?? 0) / seconds };
  const figures = measured.map(([{ name, bar }, of]) => figureOf(name, bar, of, idle));
  for (const { lanes, server } of [sluis, bare]) {
    await Promise.all(lanes.map((lane) => lane.close()));
    await server.stop();
  }
  return figures;
}

async function withPasswords(installation: Installation, wanted: (name: string) => boolean): Promise<Results> {
  if (!wanted('password') && !wanted('signing')) return { figures: [], limits: [] };
  process.stderr.write('logins with a password …\n');
  return withLogins(installation, async (sluis, login) => ({
    figures: wanted('password') ? [await besideTheHash(sluis, login)] : [],
    limits: wanted('signing') ? [await signingBeside(sluis, login)] : [],
  }));
}

/** The provider alone, with the same two clients and as many people. */
async function bareProvider({ portal, batch, people }: Installation): Promise<Contender> {
  const subject: Subject = { name: 'bare', port: await freePort(), host: 'bare.example', prefix: '', portal, batch };
  const client = { token_endpoint_auth_method: 'client_secret_basic', id_token_signed_response_alg: 'ES256' };
  const clients = [
    { ...client, client_id: portal.id, client_secret: portal.secret, redirect_uris: [callback], grant_types: ['authorization_code', 'refresh_token'], scope: scopes },
    { ...client, client_id: batch.id, client_secret: batch.secret, redirect_uris: [], response_types: [], grant_types: ['client_credentials'], scope: 'roles' },
  ];
  const server = await startServer({
    script: join(root, 'dist/bench/bare.js'), log: join(mkdtempSync(join(tmpdir(), 'sluis-bench-')), 'bare'),
    env: { NODE_ENV: 'production', BARE: JSON.stringify({ port: subject.port, issuer: `https://${subject.host}`, clients }) },
  });
  return enter(server, subject, people);
}

/** Five CPU seconds of one measure under the profiler, after a warm-up that is left out. */
async function profile(installation: Installation, name: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'sluis-profile-'));
  // its keys are made at the first start
  await (await installation.start()).stop();
  const start = performance.now();
  const server = await installation.start(['--cpu-prof', `--cpu-prof-dir=${folder}`]);
  const sluis = await enter(server, installation, installation.people);
  const measure = name === 'password' ? loginOf(sluis) : measureOf(name);
  if (measure.people) await Promise.all(sluis.lanes.map((lane, index) => lane.login(installation.people[index] ?? {})));
  await warmUp(measure, sluis, pace.warm);
  const skip = (performance.now() - start) / 1000;
  await load(measure, sluis, 5);
  await Promise.all(sluis.lanes.map((lane) => lane.close()));
  await server.stop();
  const file = profileIn(folder);
  return `${summarise(file, skip)}\n\n${file}: open it in Chromium's developer tools`;
}
