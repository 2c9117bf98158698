import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import pino from 'pino';
import { logFile } from './log.ts';

let folder: string;
let descriptor: number;
const lines = () => readFileSync(join(folder, 'log'), 'utf8').split('\n').filter(Boolean).map((line) => (JSON.parse(line) as { msg: string }).msg);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluis-log-'));
  descriptor = openSync(join(folder, 'log'), 'a');
});
afterEach(() => {
  closeSync(descriptor);
  rmSync(folder, { recursive: true });
});

test('ordinary lines are written together, soon', async () => {
  const log = pino({}, logFile(descriptor));
  log.info('a');
  log.info('b');
  expect(lines()).toEqual([]);
  await sleep(150);
  expect(lines()).toEqual(['a', 'b']);
});

test('a warning is written at once, behind what came before; so is an error of a child', () => {
  const log = pino({}, logFile(descriptor));
  log.info('a');
  log.warn('b');
  expect(lines()).toEqual(['a', 'b']);
  log.info('c');
  log.child({ realm: 'cak' }).error('d');
  expect(lines()).toEqual(['a', 'b', 'c', 'd']);
});

test('many lines do not pile up, and none is lost or cut', async () => {
  const log = pino({}, logFile(descriptor));
  for (let n = 0; n < 2000; n += 1) log.info(`${n} ${'ë'.repeat(40)}`);
  expect(lines().length).toBeGreaterThan(1000);
  await sleep(150);
  expect(lines().map((line) => line.split(' ')[0])).toEqual(Array.from({ length: 2000 }, (_, n) => String(n)));
});

test('a log that cannot be written to stops nobody', () => {
  const closed = openSync(join(folder, 'other'), 'a');
  closeSync(closed);
  expect(() => pino({}, logFile(closed)).error('nobody hears this')).not.toThrow();
});
