import { createHash } from 'node:crypto';

/** Bits for each word and probes for each look: one in ten thousand other words seems to be there too. */
const BITS = 20;
const PROBES = 13;

/** A Bloom filter: a set of words without the words, in `BITS` bits for each. */
export function bloomOf(words: readonly string[]): Uint8Array {
  const filter = new Uint8Array(Math.ceil((words.length * BITS) / 8));
  for (const word of words) for (const bit of probesOf(word, filter.length * 8)) filter[bit >>> 3] = (filter[bit >>> 3] ?? 0) | (1 << (bit & 7));
  return filter;
}

/** Never false for a word that was put in. */
export function mayHave(filter: Uint8Array, word: string): boolean {
  return probesOf(word, filter.length * 8).every((bit) => ((filter[bit >>> 3] ?? 0) & (1 << (bit & 7))) !== 0);
}

/** Kirsch and Mitzenmacher (2006): two hashes serve as well as many. */
function probesOf(word: string, size: number): number[] {
  const digest = createHash('sha256').update(word).digest();
  const [first, second] = [digest.readUInt32BE(0), digest.readUInt32BE(4) | 1];
  return Array.from({ length: PROBES }, (_, n) => (first + n * (second >>> 0)) % size);
}
