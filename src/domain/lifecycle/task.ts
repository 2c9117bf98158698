import type { Realm } from '../../config/schema.ts';
import type { Actor } from '../../store/audit.ts';
import type { Stretch } from '../../store/lifecycle.ts';
import type { Db } from '../../store/schema.ts';

/** Seconds. */
export const DAY = 86_400;

export type TaskName = 'password_notice' | 'dormancy_reminder' | 'dormant' | 'purged';

/** What one round works with; `now` is the same for all of it. */
export type Round = { realm: Realm; actor: Actor; now: number };

/** Something that is done to an account when its time has come. */
export type Task = {
  name: TaskName;
  /** Ids of accounts for which it is time, in order. */
  due(db: Db, stretch: Stretch): Promise<string[]>;
  /** Looks once more, does it and records it, all in the caller's transaction. @returns false when it was done, or is no longer due */
  act(tx: Db, accountId: string): Promise<boolean>;
};
