import { z } from 'zod';
import { findAccount } from '../store/accounts.ts';
import type { Db } from '../store/schema.ts';
import { UNWANTED } from './names.ts';

export const salutations = ['heer', 'mevrouw'] as const;

/** Longest name in characters as people count them (code points after NFC). */
const NAME_LENGTH = 100;
/** RFC 5321 section 4.5.3.1.3: a path of 256 octets less its brackets. */
const EMAIL_LENGTH = 254;

type Complaint = 'required' | 'format' | 'long' | 'characters';
type Check<T> = (typed: string) => T | { complaint: Complaint };

/**
 * Persoonlijke instellingen (seed row IB-4) as a form sends them: text comes out normalised to NFC, what was left
 * empty as null. The message of each issue is its stable code, `profile.<field>.<required|format|long|characters>`.
 */
export const profileSchema = z.object({
  salutation: required('salutation', (typed) => oneOf(typed)),
  initials: required('initials', name),
  given_name: optional('given_name', name),
  infix: optional('infix', name),
  family_name: required('family_name', name),
  department: optional('department', name),
  phone: required('phone', phone),
  email: required('email', email),
  newsletter: z.unknown().optional().transform((value) => value === true || value === 'on' || value === 'yes' || value === '1'),
});

export type Profile = z.infer<typeof profileSchema>;

/** The fields of the form, in its order. */
export const profileFields = Object.keys(profileSchema.shape) as (keyof Profile)[];

/** Fields without which a profile is not complete. */
export const requiredProfileFields = ['salutation', 'initials', 'family_name', 'phone', 'email'] as const;

/** True when everything asked at the first login is there (seed row IB-4). */
export function isProfileComplete(account: Record<(typeof requiredProfileFields)[number], string | null>): boolean {
  return requiredProfileFields.every((field) => Boolean(account[field]));
}

function profileProblems(error: z.ZodError): { field: string; code: string }[] {
  return error.issues.map((issue) => ({ field: String(issue.path[0] ?? ''), code: issue.message }));
}

type Problems = { ok: false; problems: { field: string; code: string }[] };

/** Checks a form of Persoonlijke instellingen. */
export function parseProfile(typed: Record<string, unknown>): { ok: true; profile: Profile } | Problems {
  const parsed = profileSchema.safeParse(typed);
  return parsed.success ? { ok: true, profile: parsed.data } : { ok: false, problems: profileProblems(parsed.error) };
}

const detailsSchema = profileSchema.omit({ email: true });

/** What people change of their own profile in one go: an address for mail is confirmed first. */
export type Details = z.infer<typeof detailsSchema>;
export const detailsFields = Object.keys(detailsSchema.shape) as (keyof Details)[];

/** The columns of an account that a profile, or these details of it, fill. */
export function detailsColumns<T extends { newsletter: boolean }>(details: T): Omit<T, 'newsletter'> & { newsletter: 0 | 1 } {
  return { ...details, newsletter: details.newsletter ? 1 : 0 };
}

export function parseDetails(typed: Record<string, unknown>): { ok: true; details: Details } | Problems {
  const parsed = detailsSchema.safeParse(typed);
  return parsed.success ? { ok: true, details: parsed.data } : { ok: false, problems: profileProblems(parsed.error) };
}

export function parseEmail(typed: unknown): { ok: true; email: string } | Problems {
  const parsed = profileSchema.pick({ email: true }).safeParse({ email: typed });
  return parsed.success ? { ok: true, email: parsed.data.email } : { ok: false, problems: profileProblems(parsed.error) };
}

/** What is known of a person, as the form shows it; nothing for an account that is not there. */
export async function profileOf(db: Db, accountId: string): Promise<Record<string, string>> {
  const account = await findAccount(db, accountId);
  if (!account) return {};
  const known = profileFields.map((field) => [field, field === 'newsletter' ? (account.newsletter ? 'yes' : '') : account[field] ?? '']);
  return Object.fromEntries(known.filter(([, value]) => value !== '')) as Record<string, string>;
}

function required<T>(field: string, check: Check<T>) {
  return z.unknown().optional().transform((value, context): T => {
    const result = value === undefined || isBlank(value) ? { complaint: 'required' as const } : checked(value, check);
    return complained(result) ? refuse(context, field, result.complaint) : result;
  });
}

function optional<T>(field: string, check: Check<T>) {
  return z.unknown().optional().transform((value, context): T | null => {
    if (value === undefined || value === null || isBlank(value)) return null;
    const result = checked(value, check);
    return complained(result) ? refuse(context, field, result.complaint) : result;
  });
}

function refuse(context: z.RefinementCtx, field: string, complaint: Complaint): never {
  context.addIssue({ code: 'custom', message: `profile.${field}.${complaint}` });
  return z.NEVER;
}

function checked<T>(value: unknown, check: Check<T>): T | { complaint: Complaint } {
  // the same field sent twice arrives as a list
  return typeof value === 'string' ? check(value.trim().normalize('NFC')) : { complaint: 'format' };
}

function isBlank(value: unknown): boolean {
  return typeof value === 'string' && value.trim() === '';
}

function complained(result: unknown): result is { complaint: Complaint } {
  return typeof result === 'object' && result !== null && 'complaint' in result;
}

function oneOf(typed: string): (typeof salutations)[number] | { complaint: Complaint } {
  return salutations.find((salutation) => salutation === typed) ?? { complaint: 'format' };
}

function name(typed: string): string | { complaint: Complaint } {
  if (UNWANTED.test(typed)) return { complaint: 'characters' };
  const single = typed.replace(/\s+/gu, ' ');
  return [...single].length > NAME_LENGTH ? { complaint: 'long' } : single;
}

/** `+31 (0)6-12 34 56 78` becomes `+31612345678`; 7 to 15 digits (ITU-T E.164). */
function phone(typed: string): string | { complaint: Complaint } {
  const digits = typed.replace(/\(0\)/g, '').replace(/[\s().\-‐‑–]/gu, '').replace(/^00/, '+');
  return /^(\+[1-9]\d{6,14}|0[1-9]\d{5,13})$/.test(digits) ? digits : { complaint: 'format' };
}

function email(typed: string): string | { complaint: Complaint } {
  if (typed.length > EMAIL_LENGTH) return { complaint: 'long' };
  return z.email().safeParse(typed).success ? typed : { complaint: 'format' };
}
