import { describe, expect, test } from '@jest/globals';
import { isProfileComplete, parseProfile, profileFields } from './profile.ts';

const filled = { salutation: 'heer', initials: 'B.', given_name: '', infix: 'van  der', family_name: 'Linde', department: '', phone: '06-12 34 56 78', email: 'bram@gemeente.example', newsletter: 'on' };

function codesOf(changes: Record<string, unknown>): string[] {
  const parsed = parseProfile({ ...filled, ...changes });
  return parsed.ok ? [] : parsed.problems.map((problem) => problem.code);
}

describe('IB-4 Persoonlijke instellingen', () => {
  test('what is filled in comes out normalised, what is empty as null', () => {
    expect(parseProfile(filled)).toEqual({ ok: true, profile: {
      salutation: 'heer', initials: 'B.', given_name: null, infix: 'van der', family_name: 'Linde', department: null,
      phone: '0612345678', email: 'bram@gemeente.example', newsletter: true,
    } });
  });

  test('an empty form names each required field once, in the order of the form', () => {
    const parsed = parseProfile({});
    expect(parsed).toEqual({ ok: false, problems: ['salutation', 'initials', 'family_name', 'phone', 'email'].map((field) => ({ field, code: `profile.${field}.required` })) });
    expect(profileFields).toEqual(['salutation', 'initials', 'given_name', 'infix', 'family_name', 'department', 'phone', 'email', 'newsletter']);
  });

  test.each(['   ', undefined, '\u00a0'])('blank (%p) is as good as empty', (value) => {
    expect(codesOf({ family_name: value })).toEqual(['profile.family_name.required']);
  });

  test('a decomposed accent becomes one character, and 100 of them fit', () => {
    const parsed = parseProfile({ ...filled, family_name: 'e\u0301'.repeat(100) });
    expect(parsed).toMatchObject({ ok: true, profile: { family_name: '\u00e9'.repeat(100) } });
    expect(codesOf({ family_name: 'a'.repeat(101) })).toEqual(['profile.family_name.long']);
    expect(codesOf({ family_name: '\u{20BB7}'.repeat(100) })).toEqual([]);
  });

  test.each(['a\u0000b', 'a\nb', 'a\u202eb', 'a\u2066b', 'a\ud800b', 'a\u200fb', 'Jan\r\nBcc: x@y.example'])('%j holds what no name holds', (name) => {
    expect(codesOf({ given_name: name })).toEqual(['profile.given_name.characters']);
  });

  test.each(["O'Brien", '<b>Jan</b>', 'Ng\u0169g\u0129', '\u738b', 'Jean-Luc', '\u0645\u062d\u0645\u062f'])('%s may be a name', (name) => {
    expect(codesOf({ family_name: name })).toEqual([]);
  });

  test.each([
    ['+31 (0)6-12 34 56 78', '+31612345678'], ['0031 30 1234567', '+31301234567'], ['(030) 123.45.67', '0301234567'], ['+32 2 123 45 67', '+3221234567'],
  ])('telephone %s is %s', (typed, phone) => {
    expect(parseProfile({ ...filled, phone: typed })).toMatchObject({ ok: true, profile: { phone } });
  });

  test.each(['12345', '612345678', '+0612345678', '+1234567890123456', '030-abc', '00', '030 123 45 67; DROP'])('telephone %s is refused', (phone) => {
    expect(codesOf({ phone })).toEqual(['profile.phone.format']);
  });

  test.each(['jan', 'jan@', '@x.example', 'jan@x', 'jan@x.example, piet@x.example', 'jan@x.example\nBcc: a@b.example'])('mail address %j is refused', (email) => {
    expect(codesOf({ email })).toEqual(['profile.email.format']);
  });

  test('a mail address longer than any is refused as long; a salutation outside the list and a field sent twice as format', () => {
    expect(codesOf({ email: `${'a'.repeat(250)}@x.example` })).toEqual(['profile.email.long']);
    expect(codesOf({ salutation: 'baas' })).toEqual(['profile.salutation.format']);
    expect(codesOf({ initials: ['A.', 'B.'] })).toEqual(['profile.initials.format']);
  });

  test('a profile is complete when all that is required is there', () => {
    const account = { salutation: 'heer', initials: 'B.', family_name: 'Linde', phone: '0612345678', email: 'b@x.example' };
    expect(isProfileComplete(account)).toBe(true);
    expect(isProfileComplete({ ...account, phone: null })).toBe(false);
    expect(isProfileComplete({ ...account, email: '' })).toBe(false);
  });
});
