import { describe, expect, test } from '@jest/globals';
import { exampleRealm, noon } from '../../test/support/house.ts';
import { earnedAt, highest, rankOf, reachedWith } from './levels.ts';

const realm = exampleRealm({
  levels: [
    { id: 'password', label: 'wachtwoord', acr: 'urn:sfa' },
    { id: 'two-factor', label: 'twee stappen', acr: 'urn:mfa', factors: [['password', 'totp'], ['password', 'sms']] },
  ],
});
const password = { factor: 'password', level: 'password', at: noon };
const totp = { factor: 'totp', level: '', at: noon + 60 };
const sms = { factor: 'sms', level: '', at: noon + 90 };

describe('the level that proofs reach', () => {
  test('one of them alone, or several that a level asks together', () => {
    expect(highest(realm, [])).toBe(-1);
    expect(highest(realm, [password])).toBe(0);
    expect(highest(realm, [password, totp])).toBe(1);
    expect(highest(realm, [password, sms])).toBe(1);
  });

  test('a second factor without the first earns nothing, nor do two second ones', () => {
    expect(highest(realm, [totp])).toBe(-1);
    expect(highest(realm, [totp, sms])).toBe(-1);
  });

  test('it is earned when the last of them was shown', () => {
    expect(earnedAt(realm, { proofs: [password, totp], level: 1 })).toBe(noon + 60);
    expect(earnedAt(realm, { proofs: [{ ...password, at: noon + 120 }, totp], level: 1 })).toBe(noon + 120);
    // at the lower level the second factor says nothing
    expect(earnedAt(realm, { proofs: [password, totp], level: 0 })).toBe(noon);
  });

  test('what a factor helps to earn', () => {
    expect(reachedWith(realm, 'totp')).toBe('two-factor');
    expect(reachedWith(realm, 'certificate')).toBeUndefined();
    expect(rankOf(realm, 'unknown')).toBe(-1);
  });
});
