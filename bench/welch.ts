import { randomInt } from 'node:crypto';

/** Mean and variance of a sample. */
export type Sample = { mean: number; variance: number; count: number };

/** @throws Error of fewer than two numbers */
export function sampleOf(numbers: number[]): Sample {
  if (numbers.length < 2) throw new Error('two numbers at least');
  const mean = numbers.reduce((sum, one) => sum + one, 0) / numbers.length;
  const variance = numbers.reduce((sum, one) => sum + (one - mean) ** 2, 0) / (numbers.length - 1);
  return { mean, variance, count: numbers.length };
}

/** How far two means are apart, in standard errors (Welch 1947). Leak tests call 4.5 and more a difference (Goodwill and others 2011). */
export function welch(a: Sample, b: Sample): number {
  if (a.mean === b.mean) return 0;
  return (a.mean - b.mean) / errorOf(a, b);
}

/** The smallest difference of the means that is called one: what these samples could not hide. */
export function seen(a: Sample, b: Sample, limit: number): number {
  return limit * errorOf(a, b);
}

function errorOf(a: Sample, b: Sample): number {
  return Math.sqrt(a.variance / a.count + b.variance / b.count);
}

/** The same things in random order (Fisher and Yates). */
export function shuffled<T>(things: T[]): T[] {
  const left = [...things];
  return things.flatMap(() => left.splice(randomInt(left.length), 1));
}
