import { describe, expect, test } from '@jest/globals';
import { exampleRealm } from '../../test/support/house.ts';
import { openingSchema, type Opening } from '../config/opening.ts';
import type { Realm } from '../config/schema.ts';
import { closesAt, isOpen, keepsHours, openApplications, opensAt, portalIsOpen, portalOpensAt, untilClosing } from './opening.ts';

const seconds = (moment: string): number => Date.parse(moment) / 1000;
const moment = (at: number | undefined): string | undefined => (at === undefined ? undefined : new Date(at * 1000).toISOString().replace('.000Z', 'Z'));
const porta = (changes: object = {}): Opening => openingSchema.parse({ from: '07:30', to: '19:00', ...changes });

describe('CAK-12 the hours of Porta: working days 07.30 – 19.00', () => {
  // Friday 27 November 2026, winter time: UTC+1
  test.each([
    ['2026-11-27T06:29:59Z', false, '2026-11-27T06:30:00Z'],
    ['2026-11-27T06:30:00Z', true, '2026-11-27T18:00:00Z'],
    ['2026-11-27T17:59:59Z', true, '2026-11-27T18:00:00Z'],
    ['2026-11-27T18:00:00Z', false, '2026-11-30T06:30:00Z'],
    ['2026-11-28T12:00:00Z', false, '2026-11-30T06:30:00Z'],
  ])('at %s it is open: %s, until %s', (now, open, until) => {
    const hours = porta();
    expect(isOpen(hours, seconds(now))).toBe(open);
    expect(moment(open ? closesAt(hours, seconds(now)) : opensAt(hours, seconds(now)))).toBe(until);
    expect(closesAt(hours, seconds(now)) === undefined).toBe(!open);
  });

  test('an answer that was kept is the same as one worked out anew, whichever way the clock goes', () => {
    const hours = porta();
    const times = ['2026-11-27T12:00:00Z', '2026-11-27T18:30:00Z', '2026-11-27T06:00:00Z', '2026-11-27T12:00:00Z', '2026-11-27T07:00:00Z', '2026-11-28T07:00:00Z'];
    expect(times.map((now) => isOpen(hours, seconds(now)))).toEqual(times.map((now) => isOpen(porta(), seconds(now))));
  });

  test('who is let in now need not wait', () => {
    expect(opensAt(porta(), seconds('2026-11-27T12:00:00Z'))).toBe(seconds('2026-11-27T12:00:00Z'));
  });
});

describe('holidays', () => {
  test('a date of one year, and one of every year', () => {
    const hours = porta({ closed: ['2026-11-27', '12-25'] });
    expect(moment(opensAt(hours, seconds('2026-11-27T12:00:00Z')))).toBe('2026-11-30T06:30:00Z');
    // Christmas 2026 is a Friday, that of 2028 a Monday
    for (const year of ['2026', '2028']) expect(isOpen(hours, seconds(`${year}-12-25T12:00:00Z`))).toBe(false);
    expect(isOpen(hours, seconds('2028-11-27T12:00:00Z'))).toBe(true);
  });

  test('the day is that of the zone, not that of UTC', () => {
    const hours = porta({ days: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'], from: '00:00', to: '24:00', closed: ['01-01'] });
    // the last minute of the old year in Amsterdam, and the first of the new one
    expect([isOpen(hours, seconds('2026-12-31T22:59:59Z')), isOpen(hours, seconds('2026-12-31T23:00:00Z')), isOpen(hours, seconds('2027-01-01T23:00:00Z'))]).toEqual([true, false, true]);
  });

  test('what never opens is found out, not searched for ever', () => {
    const closed = Array.from({ length: 12 }, (_, month) => Array.from({ length: 31 }, (__, day) => `${String(month + 1).padStart(2, '0')}-${String(day + 1).padStart(2, '0')}`)).flat();
    const hours = porta({ closed });
    expect(opensAt(hours, seconds('2026-11-27T12:00:00Z'))).toBeUndefined();
    expect(isOpen(hours, seconds('2026-11-28T12:00:00Z'))).toBe(false);
  });
});

test('who closes at midnight and opens at midnight stays open; a holiday ends it', () => {
  const hours = porta({ days: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'], from: '00:00', to: '24:00', closed: ['12-25'] });
  expect(moment(closesAt(hours, seconds('2026-12-20T12:00:00Z')))).toBe('2026-12-24T23:00:00Z');
  expect(moment(opensAt(hours, seconds('2026-12-25T12:00:00Z')))).toBe('2026-12-25T23:00:00Z');
});

describe('summer time', () => {
  const always = (from: string, to: string): Opening => porta({ days: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'], from, to });

  test('opens by the clock on the wall, before and after the clocks go forward (28 March 2027)', () => {
    const hours = porta();
    expect(moment(opensAt(hours, seconds('2027-03-26T19:00:00Z')))).toBe('2027-03-29T05:30:00Z');
    expect(moment(opensAt(hours, seconds('2027-03-26T05:00:00Z')))).toBe('2027-03-26T06:30:00Z');
  });

  test('and back (31 October 2027): the day is an hour longer, and closes an hour later', () => {
    const hours = always('00:00', '23:00');
    const [opened, closed] = [opensAt(hours, seconds('2027-10-30T21:30:00Z')) ?? 0, closesAt(hours, seconds('2027-10-31T12:00:00Z')) ?? 0];
    expect([moment(opened), moment(closed), (closed - opened) / 3600]).toEqual(['2027-10-30T22:00:00Z', '2027-10-31T22:00:00Z', 24]);
  });

  test('a time that is skipped is the hour after it; one that comes twice is the first', () => {
    expect(moment(opensAt(always('02:30', '19:00'), seconds('2027-03-27T20:00:00Z')))).toBe('2027-03-28T01:30:00Z');
    expect(moment(opensAt(always('02:30', '19:00'), seconds('2027-10-30T20:00:00Z')))).toBe('2027-10-31T00:30:00Z');
    expect(moment(opensAt(always('02:10', '02:50'), seconds('2027-03-27T20:00:00Z')))).toBe('2027-03-28T01:10:00Z');
    expect(moment(opensAt(always('02:30', '03:00'), seconds('2027-03-27T20:00:00Z')))).toBe('2027-03-29T00:30:00Z');
  });
});

describe('a portal', () => {
  const realm: Realm = exampleRealm();
  const [first, second, third] = realm.applications;
  const applications = [{ ...first!, opening: porta() }, { ...second!, opening: porta({ to: '21:00' }) }, third!];
  const withHours: Realm = { ...realm, applications };
  const [open, evening, night] = ['2026-11-27T12:00:00Z', '2026-11-27T19:00:00Z', '2026-11-27T22:00:00Z'].map(seconds) as [number, number, number];
  const of = (...ids: string[]) => ({ applications: ids });

  test('has the applications that are open, and is open as long as there is one', () => {
    expect(openApplications(withHours, ['iwmo', 'ijw', 'wlz'], open)).toEqual(['iwmo', 'ijw', 'wlz']);
    expect(openApplications(withHours, ['iwmo', 'ijw', 'wlz'], evening)).toEqual(['ijw', 'wlz']);
    expect(openApplications(withHours, ['iwmo', 'ijw', 'wlz'], night)).toEqual(['wlz']);
    expect([of('iwmo', 'ijw'), of('iwmo', 'wlz'), of()].map((portal) => portalIsOpen(withHours, portal, night))).toEqual([false, true, true]);
    expect([of('iwmo', 'ijw'), of('iwmo', 'wlz'), of()].map((portal) => keepsHours(withHours, portal))).toEqual([true, false, false]);
    expect(portalOpensAt(withHours, of('iwmo', 'ijw'), night)).toEqual({ at: seconds('2026-11-30T06:30:00Z'), zone: 'Europe/Amsterdam' });
    expect(portalOpensAt(withHours, of('wlz'), night)).toBeUndefined();
  });

  test('issues nothing that lasts longer than what it says: to the first closing, or to the last', () => {
    const late = seconds('2026-11-27T17:55:00Z');
    expect(untilClosing(withHours, of('iwmo', 'ijw'), late, 600, 'first')).toBe(300);
    expect(untilClosing(withHours, of('iwmo', 'ijw'), late, 28_800, 'last')).toBe(7500);
    expect(untilClosing(withHours, of('iwmo', 'wlz'), late, 28_800, 'last')).toBe(28_800);
    expect(untilClosing(withHours, of('iwmo'), late, 60, 'first')).toBe(60);
    // the second before closing, and after it, when nothing is issued any more
    expect(untilClosing(withHours, of('iwmo'), seconds('2026-11-27T17:59:59Z'), 600, 'first')).toBe(1);
    expect(untilClosing(withHours, of('iwmo'), night, 600, 'first')).toBe(600);
    expect([undefined, of('iwmo')].map((portal) => untilClosing(portal ? realm : withHours, portal, late, 600, 'first'))).toEqual([600, 600]);
  });
});

test.each([
  [{ from: '07:30', to: '07:30' }], [{ from: '7:30', to: '19:00' }], [{ from: '07:30', to: '24:30' }], [{ from: '07:30', to: '19:00', zone: 'Europe/Nergens' }],
  [{ from: '07:30', to: '19:00', closed: ['25-12'] }], [{ from: '07:30', to: '19:00', days: [] }],
])('hours %j are refused by the configuration', (hours) => {
  expect(openingSchema.safeParse(hours).success).toBe(false);
});
