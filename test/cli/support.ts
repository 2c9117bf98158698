import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../src/cli/index.ts';
import { root } from '../../src/root.ts';
import { openDatabase, type Database } from '../../src/store/database.ts';

export type Outcome = { code: number; out: string; err: string };

/** The command line on a copy of the shipped configuration, with its own data and keys, on SQLite. */
export type Desk = {
  folder: string;
  now: number;
  /** what is typed on standard input */
  typed: string;
  run(...argv: string[]): Promise<Outcome>;
  /** runs with --json, expects exit code 0 */
  json<T = Record<string, unknown>>(...argv: string[]): Promise<T>;
  /** works in the database of a realm */
  within<T>(realm: string, work: (database: Database) => Promise<T>): Promise<T>;
  remove(): void;
};

export function openDesk(): Desk {
  const folder = mkdtempSync(join(tmpdir(), 'sluis-cli-'));
  cpSync(join(root, 'config'), join(folder, 'config'), { recursive: true });
  const desk: Desk = {
    folder,
    now: 1_800_000_000,
    typed: '',
    async run(...argv) {
      const [out, err]: string[][] = [[], []];
      const env = { SLUIS_DATA: join(folder, 'data'), SLUIS_KEYS: join(folder, 'keys') };
      const code = await run([...argv, '--config', join(folder, 'config/sluis.yaml')], {
        out: (text) => out!.push(text), err: (text) => err!.push(text), read: async () => desk.typed, env, now: () => desk.now,
      });
      return { code, out: out!.join('').replace(/\n$/, ''), err: err!.join('').replace(/\n$/, '') };
    },
    async json<T>(...argv: string[]) {
      const { code, out, err } = await desk.run(...argv, '--json');
      if (code !== 0) throw new Error(`exit ${code}: ${err}`);
      return JSON.parse(out) as T;
    },
    async within(realm, work) {
      const database = openDatabase({ file: join(folder, 'data', `${realm}.sqlite`) });
      try {
        return await work(database);
      } finally {
        await database.close();
      }
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
  return desk;
}
