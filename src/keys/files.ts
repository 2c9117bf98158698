import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { dirname } from 'node:path';

/** A key file that may not be used: readable by others, damaged, or not writable. `message` says what to do. */
export class KeyError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'KeyError';
  }
}

export type KeyOptions = {
  /** the demo world: files readable by others are let be */
  demo?: boolean;
  /** size of RSA keys that are made (2048) */
  rsaBits?: number;
};

/** @throws KeyError when others can read it; undefined when there is no such file */
export function readKeyFile(file: string, { demo = false }: KeyOptions): string | undefined {
  const stats = statSync(file, { throwIfNoEntry: false });
  if (!stats) return undefined;
  // Windows has no such bits: there every file seems readable by all
  if (!demo && process.platform !== 'win32' && (stats.mode & 0o077) !== 0) {
    throw new KeyError(`${file} can be read by other users of this machine: chmod 600 ${file}`);
  }
  return readFileSync(file, 'utf8');
}

/** Writes a file that is not there yet. When another node was first its file stays: read it again afterwards. */
export function createKeyFile(file: string, text: string): void {
  const draft = writeDraft(file, text);
  try {
    // unlike a rename, a link never replaces what is there
    linkSync(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(draft);
  }
}

/** Puts a new version in the place of a file: a reader sees the old one or the new one, never a half. */
export function replaceKeyFile(file: string, text: string): void {
  renameSync(writeDraft(file, text), file);
}

function writeDraft(file: string, text: string): string {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${randomUUID()}`;
  writeFileSync(draft, text, { mode: 0o600, flag: 'wx' });
  return draft;
}
