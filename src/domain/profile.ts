import { personFields, type PersonField, type PersonGroup, type PersonSettings } from '../config/person.ts';
import { findAccount, type AccountRow } from '../store/accounts.ts';
import type { Db } from '../store/schema.ts';
import { dayOf } from '../texts/dates.ts';
import { checks, genders, salutations, type Complaint } from './person-checks.ts';

/** Personal details as an account keeps them: only those that were asked. */
export type Profile = Partial<Pick<AccountRow, PersonField>>;

type Problems = { ok: false; problems: { field: string; code: string }[] };
type Parsed = { ok: true; profile: Profile } | Problems;

/** A form with more fields than this has its parts under headings. */
const SHORT = 9;

/** What a page shows of the form: fields in order, by the part in which they stand. */
export type PersonForm = {
  headed: boolean;
  parts: { group: PersonGroup; fields: PersonField[] }[];
  required: PersonField[];
  /** what to choose from: text keys end in these */
  salutations: readonly string[];
  genders: readonly string[];
  functions: PersonSettings['functions'];
};

/** @param options `email: false` leaves the address for mail out: whoever is known confirms it first */
export function formOf(person: PersonSettings, { email }: { email: boolean }): PersonForm {
  const fields = person.fields.filter((field) => email || field !== 'email');
  const parts = [...new Set(fields.map((field) => personFields[field]))].map((group) => ({ group, fields: fields.filter((field) => personFields[field] === group) }));
  return { headed: fields.length > SHORT, parts, required: person.required, salutations, genders, functions: person.functions };
}

/**
 * Checks what was typed in the form of the realm (rows IB-4, CFX-5); whatever else was sent is left out. Text comes out
 * normalised to NFC, what was left empty as null. Codes are `profile.<field>.<required|format|long|characters>`.
 * @param now epoch seconds: nobody is born after it
 */
export function parseProfile(person: PersonSettings, typed: Record<string, unknown>, now: number): Parsed {
  return parse(person, typed, { form: formOf(person, { email: true }), now });
}

/** As `parseProfile`, of what people change of their own profile in one go: an address for mail is confirmed first. */
export function parseDetails(person: PersonSettings, typed: Record<string, unknown>, now: number): Parsed {
  return parse(person, typed, { form: formOf(person, { email: false }), now });
}

/** An address for mail, alone. */
export function parseEmail(typed: unknown): { ok: true; email: string } | Problems {
  const email = check('email', typed, { must: true, functions: [], today: '' });
  return typeof email === 'string' ? { ok: true, email } : { ok: false, problems: problemsOf([['email', email]]) };
}

/** True when everything is there that the realm must have. */
export function isProfileComplete({ required }: PersonSettings, account: Profile): boolean {
  return required.every((field) => Boolean(account[field]));
}

/** The details that are another than before. */
export function changedFields(before: Profile, after: Profile): PersonField[] {
  return (Object.keys(after) as PersonField[]).filter((field) => before[field] !== after[field]);
}

/** What is known of a person, as the form of the realm shows it; nothing for an account that is not there. */
export async function profileOf(db: Db, { fields }: PersonSettings, accountId: string): Promise<Record<string, string>> {
  const account = await findAccount(db, accountId);
  return account ? Object.fromEntries(fields.map((field) => [field, shown(field, account)]).filter(([, value]) => value !== '')) as Record<string, string> : {};
}

function shown(field: PersonField, account: AccountRow): string {
  if (field === 'newsletter') return account.newsletter ? 'yes' : '';
  const kept = account[field] ?? '';
  return field === 'birth_date' ? kept.split('-').toReversed().join('-') : kept;
}

type Value = string | number | null | Complaint;

function parse({ functions }: PersonSettings, typed: Record<string, unknown>, { form, now }: { form: PersonForm; now: number }): Parsed {
  const today = dayOf(now);
  const values = form.parts.flatMap(({ fields }) => fields).map((field): [PersonField, Value] => [field, check(field, typed[field], { must: form.required.includes(field), functions, today })]);
  const problems = problemsOf(values);
  return problems.length > 0 ? { ok: false, problems } : { ok: true, profile: Object.fromEntries(values) as Profile };
}

function check(field: PersonField, value: unknown, { must, ...about }: { must: boolean; functions: PersonSettings['functions']; today: string }): Value {
  if (field === 'newsletter') return value === true || value === 'on' || value === 'yes' || value === '1' ? 1 : 0;
  if (isBlank(value)) return must ? { complaint: 'required' } : null;
  // the same field sent twice arrives as a list
  return typeof value === 'string' ? checks[field](value.trim().normalize('NFC'), about) : { complaint: 'format' };
}

function isBlank(value: unknown): boolean {
  return value === undefined || value === null || (typeof value === 'string' && value.trim() === '');
}

function problemsOf(values: [PersonField, Value][]): Problems['problems'] {
  return values.flatMap(([field, value]) => (typeof value === 'object' && value !== null ? [{ field, code: `profile.${field}.${value.complaint}` }] : []));
}
