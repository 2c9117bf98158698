import { describe, expect, test } from '@jest/globals';
import { passwordPolicySchema } from '../../config/accounts.ts';
import { isCommon } from './blocklist.ts';
import { brokenRules, rulesOf, type Chosen } from './policy.ts';

const cak = passwordPolicySchema.parse({ min_length: 12, classes: { of: ['lower', 'upper', 'digit', 'punctuation'], need: 3 }, names: 'username', history: 12 });
const ciz = passwordPolicySchema.parse({ min_length: 8, names: 'parts' });
const codes = (policy: typeof cak, chosen: Chosen): string[] => brokenRules(policy, chosen).map(({ code }) => code.replace('new-password.', ''));

describe('CAK-6 a password by the rules of the realm', () => {
  test.each(['Riet-Oever-Boot-7', 'vier kleine bootjes 4', 'Ωμέγα-και-Άλφα-7', 'Ствол-дерева-19', `Aé1-${'x'.repeat(252)}`, `Riet-Oever-7${'😀'.repeat(244)}`])('%s is one', (password) => {
    expect(codes(cak, { password, username: 'jdevries', names: ['Jolanda', 'de Vries'] })).toEqual([]);
  });

  test('every rule that is broken is named', () => {
    expect(codes(cak, { password: 'jan', username: 'jan' })).toEqual(['short', 'classes', 'username']);
    expect(brokenRules(cak, { password: 'wachtwoord' })).toEqual([
      { code: 'new-password.short', params: { min: 12 } },
      { code: 'new-password.classes', params: { need: 3, lower: 'yes', upper: 'yes', digit: 'yes', punctuation: 'yes' } },
      { code: 'new-password.common' },
    ]);
  });

  test.each([
    ['capitals and accents do not hide the user name', 'Mijn-JOSÉ.Å-boot-7', 'josé.å', ['username']],
    ['nor the way in which an accent was typed', 'Mijn-jose\u0301.a\u030a-boot-7', 'jos\u00e9.\u00e5', ['username']],
    ['two letters are no name to look for', 'Een-jo-jo-aan-de-muur', 'jo', []],
    ['without a user name there is none to find', 'Riet-Oever-Boot-7', '', []],
  ])('%s', (_, password, username, broken) => {
    expect(codes(cak, { password, username })).toEqual(broken);
  });

  test.each([
    ['a NUL', 'Riet-Oever\u0000Boot-7'], ['a tab', 'Riet-Oever\tBoot-7'], ['half a character', 'Riet-Oever\ud83dBoot-7'], ['writing from right to left', 'Riet-Oever\u202eBoot-7'],
  ])('%s is nothing that people can see and type', (_, password) => {
    expect(codes(cak, { password })).toEqual(['characters']);
  });

  test('256 characters are enough, however many bytes they take; a megabyte is refused without more ado', () => {
    expect(codes(cak, { password: `Riet-Oever-7${'é'.repeat(244)}`.normalize('NFD') })).toEqual([]);
    expect(codes(cak, { password: `Riet-Oever-7${'é'.repeat(245)}` })).toEqual(['long']);
    expect(codes(cak, { password: 'a'.repeat(1_000_000) })).toEqual(['long']);
  });

  test('the rules are known before anything is typed', () => {
    expect(rulesOf(cak).map(({ code }) => code)).toEqual(['new-password.short', 'new-password.classes', 'new-password.username', 'new-password.history', 'new-password.common']);
    expect(rulesOf(passwordPolicySchema.parse({ names: 'allowed', blocklist: false }))).toEqual([{ code: 'new-password.short', params: { min: 12 } }]);
  });
});

describe('CIZ-3 no parts of names', () => {
  test.each([
    ['Hoff-op-zee-77', ['parts']], ['mijn BRIEN boot', ['parts']], ['Nguyen-en-boten', ['parts']], ['van alles wat fiets', ['parts']], ['tulp-en-roos-aan-zee', []],
  ])('%s', (password, broken) => {
    expect(codes(ciz, { password, username: 'obrien-hoff', names: ['Nguyễn', 'O\'Brien-van \'t Hoff'] })).toEqual(broken);
  });
});

describe('the list of common passwords', () => {
  test.each([
    'password', 'Password123!', 'Welkom01', 'WELKOM2026!!', 'W3lkom2026', 'w@chtwoord', 'Wachtwoord-123', 'Zomer2026!', 'januari 2027', '!!Qwertyuiop1', 'welkomwelkom', 'aaaaaaaaaaaa', '123456789012', '  Voetbal10  ', 'Trustno1',
    'letmein', 'P@ssw0rd', 'Amsterdam2026!',
  ])('%s is on it', (password) => {
    expect(isCommon(password)).toBe(true);
  });

  test.each(['Riet-Oever-Boot-7', 'vier kleine bootjes', 'K7QM-4TPX-92HD', 'tulp-molen-fiets'])('%s is not', (password) => {
    expect(isCommon(password)).toBe(false);
  });

  test('names of the realm and its portals are as easy to guess', () => {
    expect(isCommon('MijnCakZakelijk2026!', ['CAK', 'Mijn CAK Zakelijk'])).toBe(true);
    expect(isCommon('MijnCakZakelijk2026!')).toBe(false);
  });

  test('random ones are hardly ever taken for common', () => {
    const random = Array.from({ length: 3000 }, () => crypto.randomUUID());
    expect(random.filter((password) => isCommon(password)).length).toBeLessThan(20);
  });
});
