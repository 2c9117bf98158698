import { describe, expect, test } from '@jest/globals';
import { personSchema, usualPerson } from './person.ts';
import { realmSchema } from './schema.ts';

const good = { fields: ['initials', 'family_name', 'email', 'function'], required: ['family_name'], functions: [{ code: '020', name: 'P&O Adviseur' }] };

function mistakes(changes: Record<string, unknown>): string[] {
  const parsed = personSchema.safeParse({ ...good, ...changes });
  return parsed.success ? [] : parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

describe('person of a realm', () => {
  test('what is asked when nothing is said is IB-4, which has no mistakes; a list of fields asks a name at least', () => {
    expect(realmSchema.shape.person.parse(undefined)).toEqual(usualPerson);
    expect(personSchema.parse(usualPerson)).toEqual(usualPerson);
    expect(personSchema.parse({ fields: ['email', 'family_name'] })).toEqual({ fields: ['email', 'family_name'], required: ['family_name'], functions: [] });
    expect(mistakes({})).toEqual([]);
  });

  test.each<[string, Record<string, unknown>, string[]]>([
    ['a field twice', { fields: ['email', 'family_name', 'email', 'function'] }, ['fields.2: email is named twice']],
    ['no name, no address for mail', { fields: ['initials', 'function'], required: [] }, ['fields: family_name must be one of them', 'fields: email must be one of them', 'required: family_name must be one of them']],
    ['required, but not asked', { required: ['family_name', 'mobile', 'family_name'] }, ['required.2: family_name is named twice', 'required.1: mobile is not among the fields']],
    ['a box that must be ticked', { fields: [...good.fields, 'newsletter'], required: ['family_name', 'newsletter'] }, ['required.1: newsletter is a box to tick: it is never empty']],
    ['a function without a list', { functions: [] }, ['fields.3: function needs functions to choose from']],
    ['a list without a field', { fields: ['email', 'family_name'] }, ['functions: nobody is asked them: add function to the fields']],
    ['a code twice', { functions: [...good.functions, { code: '020', name: 'Other' }] }, ['functions.1.code: 020 is used twice']],
    ['a code that is odd', { functions: [{ code: 'a b', name: 'Other' }] }, ['functions.0.code: use 1 to 20 letters, digits, dots, hyphens and underscores']],
  ])('%s is a mistake', (_what, changes, found) => {
    expect(mistakes(changes)).toEqual(found);
  });
});
