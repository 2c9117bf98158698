import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Text of a file in the demo's part of the key folder, or undefined. */
export function readKeyFile(keys: string, name: string): string | undefined {
  const file = join(keys, 'demo', name);
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

/** Writes a file that only its owner can read. */
export function writeKeyFile(keys: string, name: string, text: string): void {
  mkdirSync(join(keys, 'demo'), { recursive: true, mode: 0o700 });
  writeFileSync(join(keys, 'demo', name), text, { mode: 0o600 });
}
