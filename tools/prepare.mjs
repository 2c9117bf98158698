import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Runs a command in the clone; its output is shown. Returns whether it succeeded. */
export function run(command, args, env = {}) {
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } });
  return status === 0;
}

/** A program that an installed package brings along. */
export const tool = (name) => join(root, 'node_modules/.bin', name);

/** Installs what the lock file asks, when that has not been done since it changed. */
export function install() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) fail(`Sluis needs Node 20.19 or newer; this is ${process.version}`);
  const done = join(root, 'node_modules/.package-lock.json');
  const fresh = existsSync(done) && statSync(done).mtimeMs >= statSync(join(root, 'package-lock.json')).mtimeMs;
  if (fresh) return;
  console.error('installing packages (the first time this takes some minutes: better-sqlite3 is compiled)');
  // not `npm ci`: it refuses a lock file made where a registry lacks other platforms' optional binaries
  if (!run('npm', ['install', '--no-save', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'])) fail('npm install did not succeed');
}

export function build() {
  if (!run(tool('tsc'), ['-p', 'tsconfig.build.json'])) fail('the build did not succeed');
}

export function fail(message) {
  console.error(message);
  process.exit(1);
}
