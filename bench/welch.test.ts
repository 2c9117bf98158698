import { describe, expect, test } from '@jest/globals';
import { sampleOf, seen, shuffled, welch } from './welch.ts';

describe('Welch\'s t', () => {
  const [a, b] = [sampleOf([1, 2, 3, 4]), sampleOf([3, 4, 5, 6])];

  test('of two samples with another mean, in standard errors', () => {
    expect(a).toEqual({ mean: 2.5, variance: 5 / 3, count: 4 });
    expect(welch(a, b)).toBeCloseTo(-2.191, 3);
    expect(welch(b, a)).toBeCloseTo(2.191, 3);
  });

  test('samples of other sizes and variances weigh by their own', () => {
    // variances 2.5 and 50, over 5 and 2
    expect(welch(sampleOf([8, 9, 10, 11, 12]), sampleOf([0, 10]))).toBeCloseTo(5 / Math.sqrt(2.5 / 5 + 50 / 2), 10);
  });

  test('is nothing for two that are the same, and endless for two that never vary and differ', () => {
    expect(welch(sampleOf([5, 5]), sampleOf([5, 5]))).toBe(0);
    expect(welch(sampleOf([6, 6]), sampleOf([5, 5]))).toBe(Infinity);
  });

  test('of one number there is none', () => {
    expect(() => sampleOf([5])).toThrow('two');
  });

  test('a difference is seen from the limit times the error', () => {
    const least = seen(a, b, 4.5);
    expect(welch({ ...a, mean: b.mean + least }, b)).toBeCloseTo(4.5, 10);
  });

  test('a shuffle keeps everything, once', () => {
    const things = Array.from({ length: 500 }, (_, index) => index);
    const order = shuffled(things);
    expect(order).not.toEqual(things);
    expect(order.toSorted((x, y) => x - y)).toEqual(things);
  });
});
