import { spawn } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import pino from 'pino';
import { root } from '../root.ts';
import { logFile } from './log.ts';

let folder: string;
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'sluis-log-')); });
afterEach(() => { rmSync(folder, { recursive: true }); });

test('lines are written together, soon, and none is lost or cut', async () => {
  const descriptor = openSync(join(folder, 'log'), 'a');
  const file = logFile(descriptor);
  const log = pino({}, file);
  for (let n = 0; n < 2000; n += 1) log.info(`${n} ${'ë'.repeat(40)}`);
  const numbers = () => readFileSync(join(folder, 'log'), 'utf8').split('\n').filter(Boolean).map((line) => Number((JSON.parse(line) as { msg: string }).msg.split(' ')[0]));
  for (let tries = 0; tries < 100 && numbers().length < 2000; tries += 1) await sleep(20);
  expect(numbers()).toEqual(Array.from({ length: 2000 }, (_, n) => n));
  const closed = new Promise<void>((resolve) => { file.once('close', resolve); });
  file.end();
  await closed;
});

test('a log that cannot be written stops nobody', async () => {
  writeFileSync(join(folder, 'log'), '');
  // for reading: whoever closed it instead would close what takes its number next
  const file = logFile(openSync(join(folder, 'log'), 'r'));
  const log = pino({}, file);
  for (let n = 0; n < 100; n += 1) log.warn('x'.repeat(1000));
  await sleep(300);
  expect(readFileSync(join(folder, 'log'), 'utf8')).toBe('');
  file.destroy();
  await sleep(100);
});

test('a reader that stalls stops nobody', async () => {
  // a process of its own, whose output nobody reads: far more than a pipe takes
  const program = `
    const { logFile } = await import(${JSON.stringify(join(root, 'dist/src/http/log.js'))});
    const { default: pino } = await import('pino');
    const log = pino({}, logFile(1));
    let last = performance.now(), longest = 0;
    const beat = setInterval(() => { const now = performance.now(); longest = Math.max(longest, now - last); last = now; }, 5);
    for (let n = 0; n < 400; n += 1) { for (let i = 0; i < 20; i += 1) log.warn('x'.repeat(1000)); await new Promise((resolve) => setImmediate(resolve)); }
    await new Promise((resolve) => setTimeout(resolve, 300));
    clearInterval(beat);
    process.stderr.write(String(Math.round(longest)));
    process.kill(process.pid, 'SIGKILL');`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.pause();
  let longest = '';
  child.stderr.on('data', (chunk: Buffer) => { longest += chunk.toString(); });
  await new Promise((resolve) => { child.once('exit', resolve); });
  // beats of 5 ms on a machine that does other things too
  expect(Number(longest)).toBeGreaterThan(0);
  expect(Number(longest)).toBeLessThan(400);
}, 30_000);
