/** One round of load on one server: operations that succeeded, and CPU seconds (user and system) its process took for them. */
export type Round = { operations: number; cpu: number };

/** Rounds of both, in turn, and the CPU seconds of each in the `settle` seconds afterwards: sealing, collecting garbage. */
export type Measured = { sluis: Round[]; bare: Round[]; after: Both; settle: number };

export type Both = { sluis: number; bare: number };

/** `ratio`: operations per CPU second of Sluis over those of what it is compared with: the bare provider, or the hash alone. */
export type Figure = { name: string; sluis: number; bare: number; ratio: number; bar: number; met: boolean };

/** A figure with a highest value: seconds, megabytes. */
export type Limit = { name: string; value: number; limit: number; unit: string; met: boolean };

/** What `report` prints together. */
export type Results = { figures: Figure[]; limits: Limit[] };

export type Machine = { cpu: string; cores: number; node: string; os: string };

/** @throws Error of an empty list */
export function median(numbers: number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.ceil((sorted.length - 1) / 2)]];
  if (low === undefined || high === undefined) throw new Error('a median of nothing');
  return (low + high) / 2;
}

/** The number below which `share` of them lie. @throws Error of an empty list */
export function quantile(numbers: number[], share: number): number {
  const found = numbers.toSorted((a, b) => a - b)[Math.min(numbers.length - 1, Math.floor(numbers.length * share))];
  if (found === undefined) throw new Error('a quantile of nothing');
  return found;
}

/**
 * Each round's cost with its share of what came afterwards, less what a server does anyway while nobody asks it anything
 * (`idle`: CPU seconds in a second); the ratio is the median over pairs of rounds that follow each
 * other, so that a machine that slows down halfway slows both.
 * @throws Error when a server did nothing, or the rounds are not pairs
 */
export function figureOf(name: string, bar: number, { sluis, bare, after, settle }: Measured, idle: Both): Figure {
  if (sluis.length !== bare.length) throw new Error(`${name}: rounds come in pairs`);
  const left = (who: keyof Both): number => Math.max(0, after[who] - idle[who] * settle);
  const [ours, theirs] = [speeds(name, sluis, left('sluis')), speeds(name, bare, left('bare'))];
  const ratio = median(ours.map((speed, index) => speed / (theirs[index] ?? Number.NaN)));
  return { name, sluis: median(ours), bare: median(theirs), ratio, bar, met: ratio >= bar };
}

/** Operations per CPU second of each round. */
function speeds(name: string, rounds: Round[], after: number): number[] {
  const share = after / rounds.reduce((sum, { operations }) => sum + operations, 0);
  return rounds.map(({ operations, cpu }) => {
    if (operations === 0 || cpu <= 0) throw new Error(`${name}: a round without operations or without CPU time measures nothing`);
    return operations / (cpu + operations * share);
  });
}

export function limitOf(name: string, value: number, limit: number, unit: string): Limit {
  return { name, value, limit, unit, met: value <= limit };
}

/** 1 when anything is below its bar or above its limit. */
export function exitCode(figures: Figure[], limits: Limit[]): 0 | 1 {
  return [...figures, ...limits].every(({ met }) => met) ? 0 : 1;
}

/** What is printed: Markdown, as the handbook shows it. `logins`: those with a password, which are compared with the hash alone. */
export function report(machine: Machine, { figures, limits }: Results, logins: Results = { figures: [], limits: [] }): string {
  return [
    `${machine.cpu}, ${machine.cores} cores, ${machine.os}, Node ${machine.node}; the server on one core, the load on another.`,
    ...figureTable(['operations per CPU second', 'Sluis', 'bare', 'ratio', 'bar', ''], figures),
    ...limitTable(['at rest', 'Sluis', 'limit', ''], limits),
    ...figureTable(['per CPU second', 'logins', 'hashes alone', 'ratio', 'bar', ''], logins.figures),
    ...limitTable(['a signed token', 'Sluis', 'limit', ''], logins.limits),
  ].join('\n');
}

function figureTable(head: string[], figures: Figure[]): string[] {
  const digits = figures.some(({ bare }) => bare < 100) ? 1 : 0;
  return titled(head, figures.map((figure) => [
    figure.name, figure.sluis.toFixed(digits), figure.bare.toFixed(digits), figure.ratio.toFixed(2), `≥ ${figure.bar.toFixed(2)}`, verdict(figure),
  ]));
}

function limitTable(head: string[], limits: Limit[]): string[] {
  return titled(head, limits.map((limit) => [limit.name, `${short(limit.value)} ${limit.unit}`, `≤ ${limit.limit} ${limit.unit}`, verdict(limit)]));
}

function titled(head: string[], rows: string[][]): string[] {
  return rows.length === 0 ? [] : ['', ...table(head, rows)];
}

/** Markdown; the first column to the left. */
export function table(head: string[], rows: string[][]): string[] {
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)));
  const line = (cells: string[]): string => `| ${cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join(' | ')} |`;
  return [line(head), `|${widths.map((width, column) => (column === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`, ...rows.map(line)];
}

export function verdict({ met }: { met: boolean }): string {
  return met ? 'met' : 'NOT MET';
}

function short(value: number): string {
  return value < 10 ? value.toFixed(2) : value.toFixed(value < 100 && !Number.isInteger(value) ? 1 : 0);
}
