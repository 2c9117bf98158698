import { describe, expect, test } from '@jest/globals';
import { read } from './source.ts';

type Lock = { packages: Record<string, { version?: string; license?: string }> };

/** Rows of THIRD-PARTY.md: name -> [version, licence]. */
const rows = new Map([...read('THIRD-PARTY.md').matchAll(/^\| `([^`]+)` \| ([^|]+) \| ([^|]+) \|/gm)].map(([, name = '', version = '', licence = '']) => [name, [version.trim(), licence.trim()]]));
const { packages } = JSON.parse(read('package-lock.json')) as Lock;
const { dependencies } = JSON.parse(read('package.json')) as { dependencies: Record<string, string> };

describe('THIRD-PARTY.md', () => {
  test('names every library that Sluis runs with, in the version and under the licence of the lock file', () => {
    const wanted = Object.keys(dependencies).map((name) => [name, [packages[`node_modules/${name}`]?.version, packages[`node_modules/${name}`]?.license]]);
    expect(Object.fromEntries(Object.keys(dependencies).map((name) => [name, rows.get(name)]))).toEqual(Object.fromEntries(wanted));
  });

  test('names everything that is built into views/assets', () => {
    const built = [...read('views/assets/LICENSES.txt').matchAll(/^(\S+)@(\S+): (\S+)$/gm)].map(([, name = '', version = '', licence = '']) => [name, [version, licence]]);
    expect(built.length).toBeGreaterThan(20);
    expect(Object.fromEntries(built.map(([name]) => [name, rows.get(String(name))]))).toEqual(Object.fromEntries(built));
    expect(rows.size).toBe(built.length + Object.keys(dependencies).length);
  });
});
