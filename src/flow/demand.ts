import type { Portal, Realm } from '../config/schema.ts';
import type { Facts, JournalEntry, OrganisationState, Proof } from './facts.ts';
import type { BoundFlow } from './flow.ts';
import { rankOf } from './levels.ts';

/** Who asks for a level. Each can raise what is asked; none can lower it. */
export type Demander = 'portal' | 'client' | 'organisation' | 'request';

export type LevelDemand = { levelId: string; by: Demander };

/** What is asked of a login at a portal, beside what its portal and the person's organisation ask. */
export type Demand = LevelDemand & {
  /** epoch seconds: what was shown before this moment does not count (`max_age`, `prompt=login`) */
  since?: number;
  /** the organisation for which the person must act, as the request names it: an id, or `<type>:<number>` */
  organisation?: string;
  /** where the person's browser is; absent where a token is used, which the portal sends from its own address */
  address?: string;
};

export type Required = LevelDemand & {
  /** rank on the ladder, 0 = lowest; a level that the realm does not know lies above the ladder */
  level: number;
  since?: number;
};

/** Seconds that a broker's clock may be behind ours when it says that somebody logged in just now. */
export const brokerSkew = 60;

/**
 * Position of a level that is asked. One that the ladder does not have (any more) is out of everybody's reach: a mistake
 * must not open a door.
 */
export function rankAsked(realm: Pick<Realm, 'levels'>, levelId: string): number {
  const rank = realm.levels.findIndex((level) => level.id === levelId);
  return rank < 0 ? realm.levels.length : rank;
}

/** The highest of several demands; of equal ones the first. */
export function highestDemand(realm: Pick<Realm, 'levels'>, first: LevelDemand, ...others: (LevelDemand | undefined)[]): LevelDemand {
  return others.reduce<LevelDemand>((highest, other) => (other && rankAsked(realm, other.levelId) > rankAsked(realm, highest.levelId) ? other : highest), first);
}

export function requiredOf(realm: Realm, portal: Portal, demand: Demand, organisation: OrganisationState | undefined): Required {
  const { levelId, by } = highestDemand(realm, { levelId: portal.level, by: 'portal' }, demand,
    organisation?.minimumLevel === undefined ? undefined : { levelId: organisation.minimumLevel, by: 'organisation' });
  return { levelId, by, level: rankAsked(realm, levelId), ...(demand.since !== undefined && { since: demand.since }) };
}

/**
 * A journal without what is too old to count; an entry that loses all its proofs is gone, with whom it was about. What a
 * session brought along is held to the second; a broker that was just asked may have a clock that is behind.
 */
export function freshJournal(journal: JournalEntry[], since: number | undefined): JournalEntry[] {
  if (since === undefined) return journal;
  return journal.flatMap((entry) => {
    const proofs = entry.proofs.filter((proof) => isFresh(proof, since, entry.binding !== SESSION));
    return proofs.length === 0 && entry.proofs.length > 0 ? [] : [{ ...entry, proofs }];
  });
}

function isFresh({ at, broker }: Proof, since: number, shownNow: boolean): boolean {
  return at >= since - (broker && shownNow ? brokerSkew : 0);
}

/** The journal entry that holds what the session proved. */
export const SESSION = '@session';

/** A journal entry that holds what the person chose, and passes no binding. */
export const CHOICE = '@choice';

/** The highest rank that a way through the flow can earn. */
export function reachOf(realm: Realm, flow: BoundFlow): number {
  return Math.max(-1, ...flow.bindings.map((binding) => rankOf(realm, binding.model.reaches)));
}

/** Is more asked than anybody could show here? Then nobody needs to be asked anything (RFC 9470, 5). */
export function outOfReach(realm: Realm, flow: BoundFlow, { level, required }: Pick<Facts, 'level' | 'required'>): boolean {
  return level < required.level && reachOf(realm, flow) < required.level;
}
