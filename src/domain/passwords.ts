import argon2 from 'argon2';
import type { Realm } from '../config/schema.ts';
import { findLogin, findPassword } from '../store/accounts.ts';
import type { Db } from '../store/schema.ts';

export type HashSettings = Realm['login']['argon2'];

/** More waiting for a hash than the machine can bear: answer 503 and ask to try again. */
export class TooBusy extends Error {}

/** One hash: how long it waited for its slot (seconds), or that there was no room to wait. */
export type HashEvent = { waited: number } | 'refused';

/**
 * Lets `slots` hashes run at once and `queue` wait. Argon2 shares libuv's four threads with token signing: four hashes
 * at once freeze every signature behind them.
 */
export class HashGate {
  private readonly slots: number;
  private readonly queue: number;
  private running = 0;
  private readonly waiting: (() => void)[] = [];
  private readonly observers = new Set<(event: HashEvent) => void>();

  constructor(slots = 2, queue = 64) {
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
const dummies = new Map<string, Promise<string>>();

/** A PHC string (Argon2id). Text is normalised to NFC, so that the same keys give the same bytes on every machine. */
export function hashPassword(plain: string, settings: HashSettings): Promise<string> {
  return hashGate.run(() => argon2.hash(plain.normalize('NFC'), options(settings)));
}

function options({ memory_kib, passes, lanes }: HashSettings) {
  return { type: 2 as const /* Argon2id */, memoryCost: memory_kib, timeCost: passes, parallelism: lanes };
}

/**
 * Who these belong to, or undefined. An unknown name costs the same hash as a known one, so that time tells nothing.
 * `rehash` is given when the stored hash was made with other settings.
 * @throws TooBusy when too many wait for a hash
 */
export async function authenticate(db: Db, settings: HashSettings, login: { scope: string; username: string; password: string }): Promise<{ accountId: string; rehash?: string } | undefined> {
  const accountId = (await findLogin(db, login.scope, login.username))?.account_id;
  const stored = accountId === undefined ? undefined : await findPassword(db, accountId);
  const hash = stored?.hash ?? await dummyFor(settings);
  const right = await hashGate.run(() => argon2.verify(hash, login.password.normalize('NFC')));
  if (!right || accountId === undefined || stored === undefined) return undefined;
  const old = argon2.needsRehash(hash, options(settings));
  return old ? { accountId, rehash: await hashPassword(login.password, settings) } : { accountId };
}

function dummyFor(settings: HashSettings): Promise<string> {
  const key = JSON.stringify(settings);
  const known = dummies.get(key) ?? hashPassword(crypto.randomUUID(), settings);
  dummies.set(key, known);
  // too busy just now is not too busy for ever
  known.catch(() => dummies.delete(key));
  return known;
}
