import pino from 'pino';

/** Bytes that are written in one call: a write for each line costs as much as the rest of a small request. */
const TOGETHER = 12_288;
/** Milliseconds that a line may wait for others. */
const WAIT = 100;
/** Bytes kept for a reader that stalls; what comes after is dropped, because a log must not stop who logs in. */
const KEPT = 8 * 1024 * 1024;

/** Where log lines go: asynchronously, several at a time, the rest when the process ends. A log that cannot be written stops nobody. */
export function logFile(descriptor: number): ReturnType<typeof pino.destination> {
  const file = pino.destination({ dest: descriptor, sync: false, minLength: TOGETHER, periodicFlush: WAIT, maxLength: KEPT });
  // unheard, it would end the process
  file.on('error', () => undefined);
  return file;
}
