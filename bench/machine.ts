import { cpus, release, type } from 'node:os';
import type { Machine } from './figures.ts';

/** The machine that measures. */
export function machine(): Machine {
  const [first] = cpus();
  return { cpu: first?.model.trim() ?? 'unknown processor', cores: cpus().length, node: process.version, os: `${type()} ${release()}` };
}
