import { describe, expect, test } from '@jest/globals';
import { newCode, tryCode } from './codes.ts';

describe('IB-3: the SMS code', () => {
  test('is six digits and is accepted with spaces', () => {
    const sent = newCode('sms', 1000);
    expect(sent.code).toMatch(/^\d{6}$/);
    expect(tryCode(sent, ` ${sent.code.slice(0, 3)} ${sent.code.slice(3)}`, 1100)).toEqual({ ok: true });
  });

  test('dies after five wrong tries; the right one does not help any more', () => {
    const sent = { ...newCode('sms', 1000), code: '123456' };
    const left = [1, 2, 3, 4, 5].map(() => tryCode(sent, '000000', 1001));
    expect(left.map((r) => (r.ok ? r : r.left))).toEqual([4, 3, 2, 1, 0]);
    expect(left[4]).toEqual({ ok: false, problem: 'code.dead', left: 0 });
    expect(tryCode(sent, '123456', 1002)).toEqual({ ok: false, problem: 'code.dead', left: 0 });
  });

  test('holds ten minutes', () => {
    const sent = { ...newCode('sms', 1000), code: '123456' };
    expect(tryCode(sent, '123456', 1601)).toEqual({ ok: false, problem: 'code.expired', left: 5 });
    expect(tryCode(sent, '123456', 1600)).toEqual({ ok: true });
  });

  test('an empty field takes no try', () => {
    expect(tryCode(newCode('sms', 1000), '  ', 1001)).toEqual({ ok: false, problem: 'code.required', left: 5 });
  });
});
