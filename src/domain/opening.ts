import { DateTime } from 'luxon';
import type { Opening } from '../config/opening.ts';
import type { Portal, Realm } from '../config/schema.ts';

/**
 * When applications can be used (row CAK-12). Moments are epoch seconds. The first second of an opening is inside it,
 * the second at which it closes is not.
 */
type State = { open: boolean; /** when that began, and when it changes; Infinity for what never opens again */ since: number; until: number };

/** Days that are looked ahead for an opening, and for the end of one that goes on over midnight: longer than any token lives. */
const AHEAD = { opening: 400, closing: 14 };

/** The last answer of each: what is asked at every use of a token is worked out a few times a day. */
const kept = new WeakMap<Opening, State>();

export function isOpen(opening: Opening, now: number): boolean {
  return stateOf(opening, now).open;
}

/** When it closes; undefined when it is closed. */
export function closesAt(opening: Opening, now: number): number | undefined {
  const { open, until } = stateOf(opening, now);
  return open ? until : undefined;
}

/** When it opens next, from now on: `now` itself when it is open. Undefined when that is more than a year ahead. */
export function opensAt(opening: Opening, now: number): number | undefined {
  const { open, until } = stateOf(opening, now);
  if (open) return now;
  return until === Infinity ? undefined : until;
}

function stateOf(opening: Opening, now: number): State {
  const last = kept.get(opening);
  if (last && last.since <= now && now < last.until) return last;
  const state = workOut(opening, now);
  kept.set(opening, state);
  return state;
}

function workOut(opening: Opening, now: number): State {
  const today = DateTime.fromSeconds(now, { zone: opening.zone }).startOf('day');
  // a day on which the clocks change has another length: days are counted by the calendar
  for (let ahead = 0; ahead <= AHEAD.opening; ahead += 1) {
    const hours = hoursOn(opening, today.plus({ days: ahead }));
    if (!hours || hours.to <= now) continue;
    if (hours.from > now) return { open: false, since: now, until: hours.from };
    return { open: true, since: hours.from, until: endOf(opening, today.plus({ days: ahead }), hours.to) };
  }
  return { open: false, since: now, until: Infinity };
}

/** Who closes at 24:00 and opens at 00:00 has not closed. */
function endOf(opening: Opening, day: DateTime, to: number): number {
  let end = to;
  for (let ahead = 1; ahead <= AHEAD.closing; ahead += 1) {
    const next = hoursOn(opening, day.plus({ days: ahead }));
    if (next?.from !== end) break;
    end = next.to;
  }
  return end;
}

function hoursOn(opening: Opening, day: DateTime): { from: number; to: number } | undefined {
  if (!isWorkday(opening, day)) return undefined;
  const hours = { from: at(day, opening.from), to: at(day, opening.to) };
  // all of it was in the hour that the clocks skip
  return hours.from < hours.to ? hours : undefined;
}

function isWorkday({ days, closed }: Opening, day: DateTime): boolean {
  const weekday = (['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const)[day.weekday - 1];
  return weekday !== undefined && days.includes(weekday) && !closed.includes(day.toFormat('yyyy-MM-dd')) && !closed.includes(day.toFormat('MM-dd'));
}

/** A time on the wall of that day. One that the clocks skip in spring counts as the hour after it; one that comes twice in autumn as the first. */
function at(day: DateTime, time: string): number {
  const [hour = 0, minute = 0] = time.split(':').map(Number);
  if (hour === 24) return day.plus({ days: 1 }).startOf('day').toUnixInteger();
  return day.set({ hour, minute }).toUnixInteger();
}

/** Application id -> its hours, of those that have any. */
const hoursOf = new WeakMap<Realm, ReadonlyMap<string, Opening>>();

function openings(realm: Realm): ReadonlyMap<string, Opening> {
  const known = hoursOf.get(realm) ?? new Map(realm.applications.flatMap(({ id, opening }) => (opening ? [[id, opening] as const] : [])));
  hoursOf.set(realm, known);
  return known;
}

/** Of these applications those that can be used now: what the others give is in no token. */
export function openApplications(realm: Realm, applications: string[], now: number): string[] {
  const hours = openings(realm);
  if (hours.size === 0) return applications;
  return applications.filter((id) => isOpenNow(hours.get(id), now));
}

function isOpenNow(opening: Opening | undefined, now: number): boolean {
  return opening === undefined || isOpen(opening, now);
}

type Of = Pick<Portal, 'applications'>;

/** Does every application of this portal keep hours? Only then is there a time at which it lets nobody in. */
export function keepsHours(realm: Realm, { applications }: Of): boolean {
  return applications.length > 0 && applications.every((id) => openings(realm).has(id));
}

/** True when one of its applications can be used now; a portal without applications has no hours. */
export function portalIsOpen(realm: Realm, { applications }: Of, now: number): boolean {
  return applications.length === 0 || openings(realm).size === 0 || openApplications(realm, applications, now).length > 0;
}

/** When the first of its applications opens; undefined when none will. */
export function portalOpensAt(realm: Realm, { applications }: Of, now: number): { at: number; zone: string } | undefined {
  const next = applications.flatMap((id) => {
    const opening = openings(realm).get(id);
    const moment = opening && opensAt(opening, now);
    return opening && moment !== undefined ? [{ at: moment, zone: opening.zone }] : [];
  });
  return next.toSorted((a, b) => a.at - b.at)[0];
}

/**
 * At most `seconds`, and not beyond the moment at which what is issued now would say too much: the `first` of a portal's
 * applications closes and leaves the roles, or the `last` one does and the portal lets nobody in. At least 1.
 */
export function untilClosing(realm: Realm, portal: Of | undefined, now: number, seconds: number, which: 'first' | 'last'): number {
  const hours = openings(realm);
  if (!portal || hours.size === 0) return seconds;
  const closing = portal.applications.flatMap((id) => {
    const opening = hours.get(id);
    return opening === undefined ? [Infinity] : closesAt(opening, now) ?? [];
  });
  if (closing.length === 0) return seconds;
  const end = which === 'first' ? Math.min(...closing) : Math.max(...closing);
  return Math.max(1, Math.min(seconds, end - now));
}
