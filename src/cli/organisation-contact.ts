import type { ContactChanges } from '../domain/organisation-details.ts';
import { contactFields, type Contact, type ContactField } from '../store/organisations.ts';
import { UsageError, type Args, type Option } from './command.ts';

/** How an organisation is reached; its own people read it under 'Mijn organisatie'. */
export const contactOptions: Record<string, Option> = {
  address: { type: 'string', multiple: true, value: 'LINE', help: 'a line of where it is' },
  'postal-address': { type: 'string', multiple: true, value: 'LINE', help: 'a line of where it gets its post' },
  phone: { type: 'string', value: 'NUMBER', help: 'its telephone number' },
  email: { type: 'string', value: 'ADDRESS', help: 'its e-mail address' },
};

export const removeOption: Record<string, Option> = {
  remove: { type: 'string', multiple: true, value: 'WHAT', help: `what is no longer known: ${contactFields.map(optionOf).join(', ')}` },
};

export function optionOf(field: string): string {
  return field.replace('_', '-');
}

/** What the options say, as typed. @throws UsageError when one says nothing: a variable that was not set takes nothing away */
export function contactGiven(args: Args): ContactChanges {
  return Object.fromEntries(contactFields.filter((field) => args.has(optionOf(field))).map((field) => [field, given(args, optionOf(field))]));
}

/** The same, with what `--remove` takes away. @throws UsageError when that is not a detail, or one that is given too */
export function contactChanged(args: Args): ContactChanges {
  const changes = contactGiven(args);
  for (const option of args.all('remove')) {
    const field = contactFields.find((one) => optionOf(one) === option);
    if (!field) throw new UsageError(`--remove ${option}: expected one of ${contactFields.map(optionOf).join(', ')}`);
    if (changes[field] !== undefined) throw new UsageError(`give --${option} or --remove ${option}, not both`);
    changes[field] = null;
  }
  return changes;
}

export function contactText(contact: Contact | undefined): string[] {
  return contactFields.flatMap((field: ContactField) => (contact?.[field] ? [`${optionOf(field)}: ${contact[field].split('\n').join(', ')}`] : []));
}

function given(args: Args, option: string): string {
  const text = (contactOptions[option]?.multiple ? args.all(option).join('\n') : args.get(option)) ?? '';
  if (text.trim() === '') throw new UsageError(`--${option} is empty`);
  return text;
}
