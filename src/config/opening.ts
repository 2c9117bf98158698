import { z } from 'zod';

const clock = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$|^24:00$/, 'expected a time as 07:30');
const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

/**
 * When an application can be used (row CAK-12). Times are those of a clock on the wall in `zone`: summer time moves them
 * along.
 */
export const openingSchema = z.strictObject({
  days: z.array(z.enum(weekdays)).min(1).default(['mon', 'tue', 'wed', 'thu', 'fri']),
  from: clock,
  to: clock,
  /** IANA name */
  zone: z.string().default('Europe/Amsterdam').refine(isZone, 'is no time zone (as Europe/Amsterdam)'),
  /** dates on which it stays closed, YYYY-MM-DD, or MM-DD for every year */
  closed: z.array(z.string().regex(/^(\d{4}-)?(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/, 'expected a date as 2027-04-27 or 12-25')).default([]),
}).refine(({ from, to }) => from < to, 'closes before it opens');

function isZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

export type Opening = z.infer<typeof openingSchema>;
export type Weekday = (typeof weekdays)[number];
