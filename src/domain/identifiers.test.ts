import { describe, expect, test } from '@jest/globals';
import { checkIdentifier } from './identifiers.ts';

describe('identifiers of organisations', () => {
  test.each([
    ['kvk', '24444001', '24444001'],
    ['kvk', ' 0012 3456 ', '00123456'],
    ['rsin', '492099595', '492099595'],
    ['rsin', '0022.20.647', '002220647'],
    ['rsin', '822477348', '822477348'],
    ['oin', '00000003244440010000', '00000003244440010000'],
    ['agb', '06020101', '06020101'],
    ['kbo', '0566.988.259', '0566988259'],
    ['kbo', '353.456.320', '0353456320'],
    ['relation_number', '100231', '100231'],
  ])('%s %s is %s', (type, typed, value) => {
    expect(checkIdentifier(type, typed)).toBe(value);
  });

  test.each([
    ['kvk', '2444400'], ['kvk', '2444400a'], ['kvk', ''], ['rsin', '492099594'], ['rsin', '000000000'], ['rsin', '12345678'],
    ['oin', '0000000324444001000'], ['agb', '0602010'], ['kbo', '0999.999.999'], ['kbo', '2147812701'],
    ['relation_number', '1234567890123'], ['relation_number', '１２３'],
  ])('%s %p is refused', (type, typed) => {
    expect(() => checkIdentifier(type, typed)).toThrow(expect.objectContaining({ code: `identifier.${type}` }));
  });

  test('a type that we do not know is refused, also one that every object has', () => {
    expect(() => checkIdentifier('toString', '1')).toThrow(expect.objectContaining({ code: 'identifier.unknown' }));
  });
});
