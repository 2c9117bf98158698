import { z } from 'zod';
import type { PersonField, PersonSettings } from '../config/person.ts';
import { UNWANTED } from './names.ts';

export const salutations = ['heer', 'mevrouw'] as const;
export const genders = ['man', 'vrouw', 'anders'] as const;

/** Longest name in characters as people count them (code points after NFC), and longest address. */
const NAME_LENGTH = 100;
const ADDRESS_LENGTH = 200;
/** RFC 5321 section 4.5.3.1.3: a path of 256 octets less its brackets. */
const EMAIL_LENGTH = 254;
/** Nobody who is born before this day looks after an account. */
const FIRST_DAY = '1900-01-01';

export type Complaint = { complaint: 'required' | 'format' | 'long' | 'characters' };
type About = { functions: PersonSettings['functions']; /** ISO date of the person's day */ today: string };
/** Gets text without white space around it, in NFC, and gives what is kept. */
type Check = (typed: string, about: About) => string | Complaint;

/** What may be typed in each field. */
export const checks: Record<Exclude<PersonField, 'newsletter'>, Check> = {
  salutation: oneOf(salutations),
  initials: personal,
  given_name: personal,
  infix: personal,
  family_name: personal,
  birth_date: birthDate,
  gender: oneOf(genders),
  address,
  postal_address: address,
  phone,
  mobile: phone,
  contact_email: email,
  email,
  department: name,
  function: (typed, { functions }) => oneOf(functions.map(({ code }) => code))(typed),
  card_function: name,
};

function oneOf(values: readonly string[]): (typed: string) => string | Complaint {
  return (typed) => (values.includes(typed) ? typed : { complaint: 'format' });
}

/** What people are called stands in mails to others: an address in it would be a link from us. */
function personal(typed: string): string | Complaint {
  return /:\/\/|www\.|@/i.test(typed) ? { complaint: 'characters' } : name(typed);
}

function name(typed: string): string | Complaint {
  return UNWANTED.test(typed) ? { complaint: 'characters' } : noLonger(typed.replace(/\s+/gu, ' '), NAME_LENGTH);
}

/** Lines stay lines, parted by line feeds; empty ones go. */
function address(typed: string): string | Complaint {
  const lines = typed.split(/\r\n|\r|\n/);
  if (lines.some((line) => UNWANTED.test(line))) return { complaint: 'characters' };
  return noLonger(lines.map((line) => line.trim().replace(/\s+/gu, ' ')).filter((line) => line !== '').join('\n'), ADDRESS_LENGTH);
}

function noLonger(text: string, longest: number): string | Complaint {
  return [...text].length > longest ? { complaint: 'long' } : text;
}

/** `+31 (0)6-12 34 56 78` becomes `+31612345678`; 7 to 15 digits (ITU-T E.164). */
function phone(typed: string): string | Complaint {
  const digits = typed.replace(/\(0\)/g, '').replace(/[\s().\-‐‑–]/gu, '').replace(/^00/, '+');
  return /^(\+[1-9]\d{6,14}|0[1-9]\d{5,13})$/.test(digits) ? digits : { complaint: 'format' };
}

function email(typed: string): string | Complaint {
  if (typed.length > EMAIL_LENGTH) return { complaint: 'long' };
  return z.email().safeParse(typed).success ? typed : { complaint: 'format' };
}

/** `1-9-1980`, `01/09/1980` and `1980-09-01` become `1980-09-01`; a year has four digits, or its century would be a guess. */
function birthDate(typed: string, { today }: About): string | Complaint {
  const dutch = /^(?<day>\d{1,2})[-/. ](?<month>\d{1,2})[-/. ](?<year>\d{4})$/.exec(typed);
  const { day = '', month = '', year = '' } = (dutch ?? /^(?<year>\d{4})-(?<month>\d{1,2})-(?<day>\d{1,2})$/.exec(typed))?.groups ?? {};
  const written = `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
  return isDay(written) && written >= FIRST_DAY && written <= today ? written : { complaint: 'format' };
}

/** Is there such a day? `Date` alone would make 1 March of 30 February. */
function isDay(iso: string): boolean {
  const moment = new Date(`${iso}T00:00:00Z`);
  return !Number.isNaN(moment.getTime()) && moment.toISOString().startsWith(iso);
}
