import { availableParallelism } from 'node:os';

/** More waiting for a hash than the machine can bear: answer 503 and ask to try again. */
export class TooBusy extends Error {}

/** One hash: how long it waited for its slot (seconds), or that there was no room to wait. */
export type HashEvent = { waited: number } | 'refused';

/** Threads of libuv that are left to token signing, files and names of hosts. */
const SPARE_THREADS = 2;

/** As many hashes at once as there are cores, and no more than libuv's threads (`UV_THREADPOOL_SIZE`, 4) leave room for. */
export function slotsFor(cores: number, threads: number): number {
  return Math.max(1, Math.min(cores, threads - SPARE_THREADS));
}

/**
 * Lets `slots` hashes run at once and `queue` wait. Argon2 shares libuv's threads with token signing: a hash on each of
 * them freezes every signature behind them.
 */
export class HashGate {
  private readonly slots: number;
  private readonly queue: number;
  private running = 0;
  private readonly waiting: (() => void)[] = [];
  private readonly observers = new Set<(event: HashEvent) => void>();

  constructor(slots = slotsFor(availableParallelism(), Number(process.env['UV_THREADPOOL_SIZE']) || 4), queue = 64) {
    this.slots = slots;
    this.queue = queue;
  }

  /** How many hashes run and wait just now. */
  get load(): { running: number; waiting: number } {
    return { running: this.running, waiting: this.waiting.length };
  }

  /** Tells of every hash. @returns what ends the telling */
  observe(observer: (event: HashEvent) => void): () => void {
    this.observers.add(observer);
    return () => { this.observers.delete(observer); };
  }

  private tell(event: HashEvent): void {
    for (const observer of this.observers) observer(event);
  }

  /** @throws TooBusy when the queue is full */
  async run<T>(work: () => Promise<T>): Promise<T> {
    const start = performance.now();
    if (this.running >= this.slots) {
      if (this.waiting.length >= this.queue) {
        this.tell('refused');
        throw new TooBusy();
      }
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    } else {
      this.running += 1;
    }
    this.tell({ waited: (performance.now() - start) / 1000 });
    try {
      return await work();
    } finally {
      const next = this.waiting.shift();
      // the slot goes straight to who waits longest
      if (next) next();
      else this.running -= 1;
    }
  }
}

/** One for the process: all realms share its threads. */
export const hashGate = new HashGate();
