import { writeSync } from 'node:fs';

/** Milliseconds that a line of an ordinary request may wait, and bytes that may wait together. */
const WAIT = 50;
const SIZE = 64 * 1024;
/** pino's number of `warn`: what may be the last that a process says is written at once. */
const URGENT = 40;

/** Where pino writes to: it tells the level of each line beforehand. */
export type LogFile = { [metadata: symbol]: true; lastLevel: number; write(line: string): void; flush(): void };

/**
 * Lines for a file descriptor, several in one call: a write for each line costs as much as the rest of a small request.
 * Warnings and errors, with all that came before, are written at once; the rest when the process ends at the latest.
 */
export function logFile(descriptor: number): LogFile {
  let waiting: string[] = [];
  let size = 0;
  let timer: NodeJS.Timeout | undefined;
  const file: LogFile = {
    [Symbol.for('pino.metadata')]: true,
    lastLevel: 0,
    write(line) {
      waiting.push(line);
      size += line.length;
      if (file.lastLevel >= URGENT || size >= SIZE) file.flush();
      else timer ??= setTimeout(file.flush, WAIT).unref();
    },
    flush() {
      clearTimeout(timer);
      timer = undefined;
      if (waiting.length === 0) return;
      const text = Buffer.from(waiting.join(''));
      waiting = [];
      size = 0;
      writeAll(descriptor, text);
    },
  };
  process.on('exit', () => file.flush());
  return file;
}

/** A pipe may take less than all, or nothing for the moment. A log that cannot be written stops nobody. */
function writeAll(descriptor: number, text: Buffer): void {
  for (let from = 0, tries = 0; from < text.length && tries < 100;) {
    try {
      from += writeSync(descriptor, text, from);
      tries = 0;
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'EAGAIN') return;
      tries += 1;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}
