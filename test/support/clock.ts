import { existsSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe } from '@jest/globals';

/** Where Debian's package libfaketime puts the library for programs with threads; FAKETIME_LIBRARY names another place. */
const library = process.env['FAKETIME_LIBRARY'] ?? folders().map((folder) => join(folder, 'faketime/libfaketimeMT.so.1')).find(existsSync);
export const hasClock = library !== undefined && existsSync(library);
if (!hasClock) console.warn('no libfaketime: the journeys that move the clock are skipped (install the package faketime, or set FAKETIME_LIBRARY)');

/** Tests that move the clock of processes; without libfaketime they are skipped and counted as skipped. */
export const describeWithClock = hasClock ? describe : describe.skip;
/** `env` puts a process on this clock. Only the time of day moves: timers keep running as they were. */
export type Clock = { env: Record<string, string>; now(): number; move(seconds: number): void };

/** A clock in a folder, at the system's time. */
export function openClock(folder: string): Clock {
  if (library === undefined) throw new Error('no libfaketime: see describeWithClock');
  const file = join(folder, 'clock');
  let ahead = 0;
  const write = (): void => {
    // a reader never sees half a file
    writeFileSync(`${file}.new`, `+${ahead}\n`);
    renameSync(`${file}.new`, file);
  };
  write();
  return {
    env: { LD_PRELOAD: library, FAKETIME_TIMESTAMP_FILE: file, FAKETIME_DONT_FAKE_MONOTONIC: '1', FAKETIME_NO_CACHE: '1', NO_FAKE_STAT: '1' },
    now: () => Math.floor(Date.now() / 1000) + ahead,
    move(seconds) {
      ahead += seconds;
      write();
    },
  };
}

function folders(): string[] {
  return existsSync('/usr/lib') ? ['/usr/lib', ...readdirSync('/usr/lib').map((name) => join('/usr/lib', name))] : [];
}
