import { describe, expect, test } from '@jest/globals';
import { personFields, usualPerson, type PersonField, type PersonSettings } from '../config/person.ts';
import { catalogue } from '../texts/catalogue.ts';
import { checks } from './person-checks.ts';
import { changedFields, formOf, isProfileComplete, parseDetails, parseEmail, parseProfile } from './profile.ts';

/** 2026-11-22, 23:30 in Amsterdam. */
const now = Date.UTC(2026, 10, 22, 22, 30) / 1000;
const filled = { salutation: 'heer', initials: 'B.', given_name: '', infix: 'van  der', family_name: 'Linde', department: '', phone: '06-12 34 56 78', email: 'bram@gemeente.example', newsletter: 'on' };
const whole: PersonSettings = {
  fields: Object.keys(personFields) as PersonField[], required: ['family_name'],
  functions: [{ code: '100', name: 'Directeur' }, { code: '020', name: 'P&O Adviseur' }],
};

function codesOf(changes: Record<string, unknown>, person = usualPerson): string[] {
  const parsed = parseProfile(person, { ...filled, ...changes }, now);
  return parsed.ok ? [] : parsed.problems.map((problem) => problem.code);
}

/** What is kept of one field, or its complaint. */
function kept(field: PersonField, typed: unknown): unknown {
  const parsed = parseProfile(whole, { family_name: 'Linde', [field]: typed }, now);
  return parsed.ok ? parsed.profile[field] : parsed.problems.map(({ code }) => code);
}

describe('IB-4 Persoonlijke instellingen', () => {
  test('what is filled in comes out normalised, what is empty as null', () => {
    expect(parseProfile(usualPerson, filled, now)).toEqual({ ok: true, profile: {
      salutation: 'heer', initials: 'B.', given_name: null, infix: 'van der', family_name: 'Linde', department: null,
      phone: '0612345678', email: 'bram@gemeente.example', newsletter: 1,
    } });
  });

  test('an empty form names each required field once, in the order of the form', () => {
    const parsed = parseProfile(usualPerson, {}, now);
    expect(parsed).toEqual({ ok: false, problems: ['salutation', 'initials', 'family_name', 'phone', 'email'].map((field) => ({ field, code: `profile.${field}.required` })) });
  });

  test.each(['   ', undefined, null, '\u00a0'])('blank (%p) is as good as empty', (value) => {
    expect(codesOf({ family_name: value })).toEqual(['profile.family_name.required']);
  });

  test('a decomposed accent becomes one character, and 100 of them fit', () => {
    const parsed = parseProfile(usualPerson, { ...filled, family_name: 'e\u0301'.repeat(100) }, now);
    expect(parsed).toMatchObject({ ok: true, profile: { family_name: '\u00e9'.repeat(100) } });
    expect(codesOf({ family_name: 'a'.repeat(101) })).toEqual(['profile.family_name.long']);
    expect(codesOf({ family_name: '\u{20BB7}'.repeat(100) })).toEqual([]);
  });

  test.each(['a\u0000b', 'a\nb', 'a\u202eb', 'a\u2066b', 'a\ud800b', 'a\u200fb', 'Jan\r\nBcc: x@y.example', 'https://evil.example/herstel', 'WWW.evil.example', 'bel@evil.example'])('%j holds what no name holds', (name) => {
    expect(codesOf({ given_name: name })).toEqual(['profile.given_name.characters']);
  });

  test.each(["O'Brien", '<b>Jan</b>', 'Ng\u0169g\u0129', '\u738b', 'Jean-Luc', '\u0645\u062d\u0645\u062f'])('%s may be a name', (name) => {
    expect(codesOf({ family_name: name })).toEqual([]);
  });

  test.each([
    ['+31 (0)6-12 34 56 78', '+31612345678'], ['0031 30 1234567', '+31301234567'], ['(030) 123.45.67', '0301234567'], ['+32 2 123 45 67', '+3221234567'],
  ])('telephone %s is %s', (typed, phone) => {
    expect([kept('phone', typed), kept('mobile', typed)]).toEqual([phone, phone]);
  });

  test.each(['12345', '612345678', '+0612345678', '+1234567890123456', '030-abc', '00', '030 123 45 67; DROP', '+31\u202e612345678', '06\u000012345678', '9'.repeat(100_000)])('telephone %s is refused', (phone) => {
    expect(codesOf({ phone })).toEqual(['profile.phone.format']);
    expect(kept('mobile', phone)).toEqual(['profile.mobile.format']);
  });

  test.each(['jan', 'jan@', '@x.example', 'jan@x', 'jan@x.example, piet@x.example', 'jan@x.example\nBcc: a@b.example', 'jan\u0000@x.example', 'jan\u202e@x.example'])('mail address %j is refused', (email) => {
    expect(codesOf({ email })).toEqual(['profile.email.format']);
    expect(kept('contact_email', email)).toEqual(['profile.contact_email.format']);
  });

  test('a mail address longer than any is refused as long; a salutation outside the list and a field sent twice as format', () => {
    expect(codesOf({ email: `${'a'.repeat(250)}@x.example` })).toEqual(['profile.email.long']);
    expect(kept('contact_email', `${'a'.repeat(250)}@x.example`)).toEqual(['profile.contact_email.long']);
    expect(codesOf({ salutation: 'baas' })).toEqual(['profile.salutation.format']);
    expect(codesOf({ initials: ['A.', 'B.'] })).toEqual(['profile.initials.format']);
  });

  test('a profile is complete when all that is required is there', () => {
    const account = { salutation: 'heer', initials: 'B.', family_name: 'Linde', phone: '0612345678', email: 'b@x.example' };
    expect(isProfileComplete(usualPerson, account)).toBe(true);
    expect(isProfileComplete(usualPerson, { ...account, phone: null })).toBe(false);
    expect(isProfileComplete(usualPerson, { ...account, email: '' })).toBe(false);
    expect(isProfileComplete(whole, { family_name: 'Linde' })).toBe(true);
  });
});

describe('CFX-5 what else a realm may ask', () => {
  test.each([
    ['31-12-1980', '1980-12-31'], ['1-9-1980', '1980-09-01'], ['1980-09-01', '1980-09-01'], ['01/09/1980', '1980-09-01'], ['1.9.1980', '1980-09-01'], [' 1-9-1980 ', '1980-09-01'],
    ['29-02-2024', '2024-02-29'], ['29-2-2000', '2000-02-29'], ['1-1-1900', '1900-01-01'], ['22-11-2026', '2026-11-22'],
  ])('born on %s is %s', (typed, day) => {
    expect(kept('birth_date', typed)).toBe(day);
  });

  test.each(['29-02-2023', '29-02-1900', '30-2-1980', '31-4-1980', '0-1-1980', '1-0-1980', '1-13-1980', '12-31-1980', '31-12-1899', '23-11-2026', '1-1-80', '1-1-19800', '1-1', 'morgen',
    '1980', '1-1-1980 en nog wat', '1\u0000-1-1980', '\u202e1-1-1980', '１-１-1980', '-1-1-1980', '1980-02-30', '1'.repeat(100_000), '2026-11-23'])('born on %s is no day that can be', (typed) => {
    expect(kept('birth_date', typed)).toEqual(['profile.birth_date.format']);
  });

  test('today is that of Amsterdam: after midnight there, the new day is no future', () => {
    const later = parseProfile(whole, { family_name: 'Linde', birth_date: '23-11-2026' }, now + 3600);
    expect(later).toMatchObject({ ok: true, profile: { birth_date: '2026-11-23' } });
  });

  test('an address keeps its lines, and nothing else that steers', () => {
    expect(kept('address', 'Dijk 1 \r\n\r\n  1234 AB   ’s-Gravenland\r\n')).toBe('Dijk 1\n1234 AB ’s-Gravenland');
    expect(kept('postal_address', 'Postbus 1\rÅre')).toBe('Postbus 1\nÅre');
    expect(kept('address', 'a'.repeat(200))).toBe('a'.repeat(200));
    expect(kept('address', '\u{20BB7}'.repeat(200))).toHaveLength(400);
    for (const long of ['a'.repeat(201), `${'a'.repeat(100)}\n${'b'.repeat(100)}`, 'a\n'.repeat(50_000)]) expect(kept('postal_address', long)).toEqual(['profile.postal_address.long']);
    for (const odd of ['a\u0000b', 'a\u202eb', 'a\nb\u0007', 'a\u2028b', 'a\ufeffb']) expect(kept('address', odd)).toEqual(['profile.address.characters']);
    expect(kept('address', ['a', 'b'])).toEqual(['profile.address.format']);
  });

  test('gender and function are of a list; a function is kept as its code', () => {
    expect(['man', 'vrouw', 'anders', ''].map((typed) => kept('gender', typed))).toEqual(['man', 'vrouw', 'anders', null]);
    expect(['100', '020'].map((typed) => kept('function', typed))).toEqual(['100', '020']);
    for (const odd of ['Man', 'x', 'man\u0000', 'constructor', 'a'.repeat(10_000)]) expect(kept('gender', odd)).toEqual(['profile.gender.format']);
    for (const odd of ['20', 'Directeur', '100\u202e', '999', '__proto__']) expect(kept('function', odd)).toEqual(['profile.function.format']);
    expect(codesOf({ function: '100' }, { ...whole, functions: [] })).toEqual(['profile.function.format']);
  });

  test('the function on a business card is a line of text', () => {
    expect(kept('card_function', 'Hoofd  "Zorg" & Welzijn')).toBe('Hoofd "Zorg" & Welzijn');
    expect(kept('card_function', 'a'.repeat(101))).toEqual(['profile.card_function.long']);
    expect(kept('card_function', 'a\u2066b')).toEqual(['profile.card_function.characters']);
  });

  test('what is not on the form is left out, whatever was sent; the order is that of the form', () => {
    const person: PersonSettings = { fields: ['department', 'family_name', 'email', 'initials'], required: ['family_name', 'initials', 'department'], functions: [] };
    expect(parseProfile(person, { ...filled, department: 'Zorg', status: 'deleted', id: 'x', birth_date: 'wrong' }, now)).toEqual({ ok: true, profile: { department: 'Zorg', family_name: 'Linde', initials: 'B.', email: 'bram@gemeente.example' } });
    expect(parseProfile(person, {}, now)).toMatchObject({ problems: ['department', 'family_name', 'initials'].map((field) => ({ field })) });
    expect(parseDetails(person, { ...filled, department: 'Zorg' }, now)).toEqual({ ok: true, profile: { department: 'Zorg', family_name: 'Linde', initials: 'B.' } });
    expect(parseEmail('bram')).toEqual({ ok: false, problems: [{ field: 'email', code: 'profile.email.format' }] });
    expect([parseEmail(' bram@x.example '), parseEmail('')]).toMatchObject([{ ok: true, email: 'bram@x.example' }, { ok: false, problems: [{ code: 'profile.email.required' }] }]);
  });

  test('a long form has its parts together under headings, a short one has none', () => {
    expect(formOf(usualPerson, { email: true })).toMatchObject({ headed: false, parts: [{ group: 'person' }, { group: 'work' }, { group: 'contact' }] });
    expect(formOf(usualPerson, { email: true }).parts.flatMap(({ fields }) => fields)).toEqual(usualPerson.fields);
    const mixed = formOf({ ...whole, fields: ['phone', 'initials', 'email', ...whole.fields.filter((field) => !['phone', 'initials', 'email'].includes(field))] }, { email: false });
    expect(mixed.headed).toBe(true);
    expect(mixed.parts.map(({ group, fields }) => [group, fields[0]])).toEqual([['contact', 'phone'], ['person', 'initials'], ['work', 'department']]);
    expect(mixed.parts.flatMap(({ fields }) => fields)).not.toContain('email');
  });

  test('what changed is named, what was not asked is not', () => {
    expect(changedFields({ initials: 'B.', mobile: null, newsletter: 0 }, { initials: 'C.', mobile: null, newsletter: 1 })).toEqual(['initials', 'newsletter']);
  });
});

test('every complaint that a field can have has its words', () => {
  const texts = catalogue('nl');
  const about = { functions: [], today: '2026-11-22' };
  const odd = ['a\u0000', 'a'.repeat(300), `${'a'.repeat(260)}@x.example`];
  const codes = Object.entries(checks).flatMap(([field, checked]) => ['required', 'format', ...odd.flatMap((typed) => {
    const answer = checked(typed, about);
    return typeof answer === 'string' ? [] : [answer.complaint];
  })].map((complaint) => `profile.${field}.${complaint}`));
  expect(codes).toContain('profile.address.long');
  expect(codes.filter((code) => texts[code] === undefined)).toEqual([]);
});
