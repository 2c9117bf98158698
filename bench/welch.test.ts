import { describe, expect, test } from '@jest/globals';
import { sampleOf, welch } from './welch.ts';

describe('Welch\'s t', () => {
  test('of two samples with another mean', () => {
    const [a, b] = [sampleOf([1, 2, 3, 4]), sampleOf([3, 4, 5, 6])];
    expect(a).toEqual({ mean: 2.5, variance: 5 / 3, count: 4 });
    expect(welch(a, b)).toBeCloseTo(-2.19, 2);
  });

  test('is nothing for two that are the same; of one number there is none', () => {
    expect(welch(sampleOf([5, 5]), sampleOf([5, 5]))).toBe(0);
    expect(() => sampleOf([5])).toThrow('two');
  });
});
