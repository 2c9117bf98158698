import { z } from 'zod';

/**
 * Every personal detail that a realm may ask, with the part of a form in which it stands. Names are columns of an account
 * (rows IB-4 and CFX-5); `email` is the address to which Sluis itself mails, `contact_email` one for people.
 */
export const personFields = {
  salutation: 'person', initials: 'person', given_name: 'person', infix: 'person', family_name: 'person', birth_date: 'person', gender: 'person',
  address: 'contact', postal_address: 'contact', phone: 'contact', mobile: 'contact', contact_email: 'contact', email: 'contact', newsletter: 'contact',
  department: 'work', function: 'work', card_function: 'work',
} as const;

export type PersonField = keyof typeof personFields;
export type PersonGroup = (typeof personFields)[PersonField];

const names = Object.keys(personFields) as PersonField[];
/** Without these nobody can be named, or reached. */
const indispensable = ['family_name', 'email'] as const;

const functionSchema = z.strictObject({
  /** what is kept: text, so leading zeros count */
  code: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,19}$/, 'use 1 to 20 letters, digits, dots, hyphens and underscores'),
  /** what people choose */
  name: z.string().min(1).max(100),
});

/** Which personal details a realm asks. */
export const personSchema = z.strictObject({
  /** in the order of the form */
  fields: z.array(z.enum(names)).min(1),
  /** may not be left empty; the step `profile` asks until they are there */
  required: z.array(z.enum(names)).default(['family_name']),
  /** what to choose from at `function` (row CFX-8): it gives no rights */
  functions: z.array(functionSchema).default([]),
}).superRefine((person, context) => {
  for (const { path, message } of mistakes(person)) context.addIssue({ code: 'custom', path, message });
});

export type PersonSettings = z.infer<typeof personSchema>;

/** What is asked when a realm does not say: 'Persoonlijke instellingen' of row IB-4. */
export const usualPerson: PersonSettings = {
  fields: ['salutation', 'initials', 'given_name', 'infix', 'family_name', 'department', 'phone', 'email', 'newsletter'],
  required: ['salutation', 'initials', 'family_name', 'phone', 'email'],
  functions: [],
};

type Mistake = { path: (string | number)[]; message: string };

function mistakes({ fields, required, functions }: PersonSettings): Mistake[] {
  const found: Mistake[] = [...twice('fields', fields), ...twice('required', required)];
  for (const field of indispensable) if (!fields.includes(field)) found.push({ path: ['fields'], message: `${field} must be one of them` });
  if (!required.includes('family_name')) found.push({ path: ['required'], message: 'family_name must be one of them' });
  for (const [index, field] of required.entries()) {
    if (!fields.includes(field)) found.push({ path: ['required', index], message: `${field} is not among the fields` });
    if (field === 'newsletter') found.push({ path: ['required', index], message: 'newsletter is a box to tick: it is never empty' });
  }
  for (const { index, name } of repeated(functions.map(({ code }) => code))) found.push({ path: ['functions', index, 'code'], message: `${name} is used twice` });
  if (fields.includes('function') && functions.length === 0) found.push({ path: ['fields', fields.indexOf('function')], message: 'function needs functions to choose from' });
  if (!fields.includes('function') && functions.length > 0) found.push({ path: ['functions'], message: 'nobody is asked them: add function to the fields' });
  return found;
}

function twice(key: string, written: string[]): Mistake[] {
  return repeated(written).map(({ index, name }) => ({ path: [key, index], message: `${name} is named twice` }));
}

function repeated(written: string[]): { index: number; name: string }[] {
  return written.flatMap((name, index) => (written.indexOf(name) === index ? [] : [{ index, name }]));
}
