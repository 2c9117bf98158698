import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { ensureRealmKeys, rotate, type RealmKeys } from './keys.ts';
import { watchKeys, type KeyWatch } from './watch.ts';

let folder: string;
let watch: KeyWatch;
let keys: RealmKeys;
let taken: RealmKeys[];
let errors: string[];
let refuse = false;

const begin = (intervalMs = 1_000_000): void => {
  watch = watchKeys({
    folder, realmId: 'town', keys, intervalMs,
    take: async (next) => {
      if (refuse) throw new Error('refused');
      taken.push(next);
    },
    log: { info: () => undefined, error: (fields) => errors.push(String((fields as { err?: Error }).err?.message)) },
  });
};

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sluis-watch-'));
  [taken, errors, refuse] = [[], [], false];
  keys = await ensureRealmKeys(folder, 'town');
  begin();
});
afterEach(() => {
  watch.stop();
  rmSync(folder, { recursive: true, force: true });
});

test('takes what was rotated, once; the SAML key and the form secret stay those of the start', async () => {
  await watch.look();
  expect(taken).toEqual([]);
  await rotate(folder, 'town');
  await Promise.all([watch.look(), watch.look()]);
  await watch.look();
  expect(taken).toHaveLength(1);
  expect(keys.jwks.keys.slice(1)).toContainEqual(taken[0]?.jwks.keys[0]);
  // another node that has not looked yet verifies what this one signs now
  expect(keys.cookies).toContain(taken[0]?.cookies[0]);
  expect([taken[0]?.secret, taken[0]?.saml]).toEqual([keys.secret, keys.saml]);
});

test('looks by itself', async () => {
  watch.stop();
  begin(20);
  await rotate(folder, 'town');
  for (let tries = 0; tries < 100 && taken.length === 0; tries += 1) await sleep(20);
  expect(taken.length).toBeGreaterThan(0);
});

test.each<[string, (file: string) => void, RegExp]>([
  ['half copied', (file) => writeFileSync(file, readFileSync(file, 'utf8').slice(0, 300)), /is damaged/],
  ['empty', (file) => writeFileSync(file, ''), /is damaged/],
  ['away', (file) => renameSync(file, `${file}.away`), /is gone/],
])('a file that is %s changes nothing, is said once, and counts again when it is whole', async (_name, spoil, says) => {
  const file = join(folder, 'town', 'signing.json');
  const whole = readFileSync(file, 'utf8');
  spoil(file);
  for (let times = 0; times < 3; times += 1) await watch.look();
  expect(taken).toEqual([]);
  expect(errors).toEqual([expect.stringMatching(says)]);
  writeFileSync(file, whole, { mode: 0o600 });
  await rotate(folder, 'town');
  await watch.look();
  expect(taken).toHaveLength(1);
});

test('keys that cannot be used are tried again at the next look', async () => {
  refuse = true;
  await rotate(folder, 'town');
  await watch.look();
  expect([taken.length, errors]).toEqual([0, ['refused']]);
  refuse = false;
  await watch.look();
  expect(taken).toHaveLength(1);
});
