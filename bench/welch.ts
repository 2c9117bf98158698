/** Mean and variance of a sample, and Welch's t of two. */
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
  const error = Math.sqrt(a.variance / a.count + b.variance / b.count);
  return error === 0 ? 0 : (a.mean - b.mean) / error;
}
