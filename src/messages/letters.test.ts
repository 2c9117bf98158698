import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { emptyDatabase, noon } from '../../test/support/house.ts';
import type { Database } from '../store/database.ts';
import { claimMessages, enqueue } from '../store/outbox.ts';
import { lettersOf } from './senders.ts';

let database: Database;
let folder: string;
beforeEach(async () => {
  database = await emptyDatabase();
  folder = await mkdtemp(join(tmpdir(), 'sluis-letters-'));
});
afterEach(async () => {
  await database.close();
  await rm(folder, { recursive: true });
});

test('a letter becomes a file of its realm that only its owner reads, also at a second attempt', async () => {
  const id = await enqueue(database.db, { channel: 'letter', recipient: 'Postbus 1', subject: 'S', text: 'T', html: '<p>Brief</p>', now: noon });
  const [message] = await claimMessages(database, 1, noon);
  const { letter } = lettersOf({ letters: { folder } }, 'cak');
  for (let attempt = 0; attempt < 2; attempt += 1) await letter?.(message!);
  expect(await readdir(join(folder, 'cak'))).toEqual([`${id}.html`]);
  const file = join(folder, 'cak', `${id}.html`);
  expect(await readFile(file, 'utf8')).toBe('<p>Brief</p>');
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect((await stat(join(folder, 'cak'))).mode & 0o777).toBe(0o700);
});

test('without a folder nobody takes letters; one that cannot be written is an error', async () => {
  expect(lettersOf({}, 'cak')).toEqual({});
  await enqueue(database.db, { channel: 'letter', recipient: 'Postbus 1', subject: 'S', text: 'T', now: noon });
  const [message] = await claimMessages(database, 1, noon);
  await expect(lettersOf({ letters: { folder: '/dev/null' } }, 'cak').letter?.(message!)).rejects.toMatchObject({ code: 'ENOTDIR' });
});
