import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Sender } from './senders.ts';

/**
 * Letters as files that a browser prints, `<message id>.html`, for whoever looks after the folder: nobody else may read them, since they
 * hold codes. A file is there whole or not at all; a second attempt writes the same one.
 */
export function createLetterSender(folder: string): Sender {
  return async ({ id, html, text }) => {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const file = join(folder, `${id}.${html === null ? 'txt' : 'html'}`);
    await writeFile(`${file}.part`, html ?? text, { mode: 0o600 });
    await rename(`${file}.part`, file);
  };
}
