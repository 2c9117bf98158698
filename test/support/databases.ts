import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import pg from 'pg';
import { migrate, openDatabase, type Database } from '../../src/store/database.ts';

export type TestDatabase = {
  database: Database;
  /** another one on the same data, as a second node has */
  second: () => Database;
  /** closes both and removes the data */
  drop: () => Promise<void>;
};

export type DatabaseKind = {
  name: 'sqlite' | 'postgres';
  /** @param options `empty`: not migrated */
  open: (options?: { empty: boolean }) => Promise<TestDatabase>;
};

const url = await reachable();
if (url === undefined) console.warn('skipped: the tests on PostgreSQL (no server, and none to start)');

/** Every database that is there: the same tests run on each (`describe.each(dialects)`). */
export const dialects: DatabaseKind[] = [
  { name: 'sqlite', open: openSqlite },
  ...(url === undefined ? [] : [{ name: 'postgres' as const, open: (options?: { empty: boolean }) => openPostgres(url, options) }]),
];

/** Is there a PostgreSQL server for tests that need one of their own? */
export const hasPostgres = url !== undefined;

/** An empty PostgreSQL database, for tests of a whole installation. */
export async function freshPostgres(): Promise<{ url: URL; drop(): Promise<void> }> {
  const { url: own, drop } = await newDatabase(url ?? '');
  return { url: new URL(own), drop };
}

/** Where whole installations run: on SQLite files, or on a PostgreSQL database of their own, removed afterwards. */
export type Ground = { name: 'sqlite' | 'postgres'; /** undefined: SQLite */ database(): Promise<{ url: string | undefined; drop(): Promise<void> }> };

/** Both, and whether PostgreSQL is there: a test that cannot run counts as skipped. */
export const grounds: (Ground & { there: boolean })[] = [
  { name: 'sqlite', there: true, database: async () => ({ url: undefined, drop: async () => undefined }) },
  { name: 'postgres', there: url !== undefined, database: () => newDatabase(url ?? '') },
];

async function administer(server: string, statement: string): Promise<pg.QueryResult> {
  const client = new pg.Client({ connectionString: server });
  await client.connect();
  try {
    return await client.query(statement);
  } finally {
    await client.end();
  }
}

async function newDatabase(server: string): Promise<{ url: string; drop(): Promise<void> }> {
  const name = `sluis_${randomBytes(6).toString('hex')}`;
  await administer(server, `create database ${name}`);
  // what a killed process left open must not keep the database
  return { url: named(server, name), drop: async () => { await administer(server, `drop database if exists ${name} with (force)`); } };
}

function named(server: string, name: string): string {
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}

async function openSqlite(options?: { empty: boolean }): Promise<TestDatabase> {
  const folder = mkdtempSync(join(tmpdir(), 'sluis-store-'));
  const file = join(folder, 'realm.sqlite');
  return opened(() => openDatabase({ file }), async () => rmSync(folder, { recursive: true }), options);
}

/**
 * A database of this worker's own, made anew for each file of tests. In a shared one the catalogue keeps every schema that a test took
 * away, and each is slower than the one before; and who lists tables trips over a schema that another worker takes away meanwhile.
 */
let own: Promise<string> | undefined;
async function ownDatabase(server: string): Promise<string> {
  const name = `sluis_worker_${process.pid}`;
  const left = await administer(server, "select datname from pg_database where datname like 'sluis\\_worker\\_%'");
  for (const { datname } of left.rows as { datname: string }[]) if (datname === name || !isRunning(Number(datname.split('_').at(-1)))) await administer(server, `drop database if exists ${datname} with (force)`);
  await administer(server, `create database ${name}`);
  return named(server, name);
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // somebody else's
    return (error as { code?: string }).code === 'EPERM';
  }
}

async function openPostgres(address: string, options?: { empty: boolean }): Promise<TestDatabase> {
  const schema = `test-${randomBytes(6).toString('hex')}`;
  const at = await (own ??= ownDatabase(address));
  const open = () => openDatabase({ url: at, schema });
  return opened(open, async () => {
    const database = open();
    await sql`drop schema if exists ${sql.id(schema)} cascade`.execute(database.db);
    await database.close();
  }, options);
}

async function opened(open: () => Database, remove: () => Promise<void>, { empty } = { empty: false }): Promise<TestDatabase> {
  const all = [open()];
  const [database] = all as [Database];
  if (!empty) await migrate(database);
  return {
    database,
    second: () => {
      const another = open();
      all.push(another);
      return another;
    },
    drop: async () => {
      await Promise.all(all.map((one) => one.close()));
      await remove();
    },
  };
}

/** The server of SLUIS_TEST_DATABASE_URL, the one on the usual port, or one of Debian's packages that is started here. */
async function reachable(): Promise<string | undefined> {
  const told = process.env['SLUIS_TEST_DATABASE_URL'];
  const candidates = told ? [told] : ['postgres://postgres@127.0.0.1:5432/test', 'postgres://postgres@127.0.0.1:54329/postgres'];
  for (const candidate of candidates) if (await answers(candidate)) return candidate;
  if (told || !existsSync('/usr/lib/postgresql')) return undefined;
  // of two workers at once one gets the port; the other finds its server
  const started = startServer(54_329);
  for (let tries = 0; tries < (started ? 1 : 40); tries += 1) {
    if (await answers(candidates[1]!)) return candidates[1];
    await sleep(500);
  }
  return undefined;
}

async function answers(address: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: address, connectionTimeoutMillis: 1000 });
  try {
    await client.connect();
    await client.end();
    return true;
  } catch {
    return false;
  }
}

/** Starts a throw-away cluster that ends when the test run does. As root it runs as nobody: PostgreSQL refuses root. */
function startServer(port: number): boolean {
  const base = '/usr/lib/postgresql';
  const version = existsSync(base) ? readdirSync(base).sort().at(-1) : undefined;
  if (version === undefined) return false;
  const folder = mkdtempSync(join(tmpdir(), 'sluis-postgres-'));
  chmodSync(folder, 0o777);
  const [bin, data] = [join(base, version, 'bin'), join(folder, 'data')];
  const shell = (command: string): [string, string[]] =>
    process.getuid?.() === 0 ? ['su', ['nobody', '-s', '/bin/sh', '-c', command]] : ['sh', ['-c', command]];
  const run = (command: string) => spawnSync(...shell(command), { stdio: 'ignore' }).status === 0;
  if (!run(`${bin}/initdb -D ${data} -U postgres -A trust -E UTF8 --locale=C.UTF-8`)) return false;
  if (!run(`${bin}/pg_ctl -D ${data} -w -l ${folder}/log -o "-p ${port} -k ${folder} -c fsync=off -c listen_addresses=127.0.0.1" start`)) return false;
  // a test runner gives no dependable moment at which its workers end, so their parent is watched from outside
  const watch = `while [ -d /proc/${process.ppid} ]; do sleep 1; done; ${bin}/pg_ctl -D ${data} -m immediate stop; rm -rf ${folder}/*`;
  spawn(...shell(watch), { stdio: 'ignore', detached: true }).unref();
  return true;
}
