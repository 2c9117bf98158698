import type { KeyOptions } from './files.ts';
import { readRealmKeys, rotatingTexts, type RealmKeys } from './keys.ts';

/** Milliseconds between looks: a rotation is at work on every node within this. */
export const LOOK_EVERY = 5000;

export type WatchOptions = KeyOptions & {
  folder: string;
  realmId: string;
  /** what is in use now */
  keys: RealmKeys;
  /** Takes new keys into use; when it throws the old ones stay. */
  take(keys: RealmKeys): Promise<void>;
  log: { info(fields: object, text: string): void; error(fields: object, text: string): void };
  intervalMs?: number;
};

export type KeyWatch = {
  /** Looks now. */
  look(): Promise<void>;
  stop(): void;
};

/**
 * Looks whether signing or cookie keys were rotated. By reading, not by file events: those do not come from a folder on
 * another machine. Files that are missing or half copied change nothing until they are whole; that is logged once.
 */
export function watchKeys({ folder, realmId, keys, take, log, intervalMs = LOOK_EVERY, ...options }: WatchOptions): KeyWatch {
  let known = rotating(keys);
  let seen: string | undefined;
  let complaint: string | undefined;
  let busy: Promise<void> | undefined;

  const once = async (): Promise<void> => {
    try {
      // mostly nothing changed: to parse and check what is known would be most of what an idle node does
      const texts = rotatingTexts(folder, realmId, options);
      if (texts === seen) return;
      const found = readRealmKeys(folder, realmId, options);
      const now = rotating(found);
      if (now !== known) {
        // SAML key and form secret are read at the start only: brokers know the one, open forms carry the other
        await take({ ...found, secret: keys.secret, saml: keys.saml });
        known = now;
        log.info({ signing: found.jwks.keys[0]?.kid }, 'keys rotated');
      }
      [complaint, seen] = [undefined, texts];
    } catch (error) {
      seen = undefined;
      const message = error instanceof Error ? error.message : String(error);
      if (message !== complaint) log.error({ err: error }, 'new keys cannot be used: the old ones stay in use');
      complaint = message;
    }
  };
  const look = (): Promise<void> => busy ??= once().finally(() => { busy = undefined; });
  const timer = setInterval(() => { void look(); }, intervalMs);
  timer.unref();
  return { look, stop: () => clearInterval(timer) };
}

function rotating({ jwks, cookies }: RealmKeys): string {
  return JSON.stringify([jwks, cookies]);
}
