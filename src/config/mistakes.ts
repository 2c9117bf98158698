/** One thing wrong in the configuration. Lines and columns count from 1; line 0 means that it is not in a file's text. */
export type Mistake = { file: string; line: number; column: number; key: string; message: string };

/** The configuration cannot be used. `message` lists every mistake, one per line, as `file:line:column key: message`. */
export class ConfigError extends Error {
  readonly mistakes: Mistake[];
  constructor(mistakes: Mistake[]) {
    super(mistakes.map(describeMistake).join('\n'));
    this.name = 'ConfigError';
    this.mistakes = mistakes;
  }
}

export function describeMistake({ file, line, column, key, message }: Mistake): string {
  const place = line === 0 ? file : `${file}:${line}:${column}`;
  return key === '' ? `${place} ${message}` : `${place} ${key}: ${message}`;
}

/** `; did you mean x?` when one of the known names is close to what was written, else nothing. */
export function didYouMean(written: string, known: Iterable<string>): string {
  const close = [...known]
    .map((name) => ({ name, distance: editDistance(written, name) }))
    .filter(({ name, distance }) => distance <= Math.max(Math.min(2, name.length / 2), Math.floor(name.length / 3)))
    .sort((a, b) => a.distance - b.distance)[0];
  return close ? `; did you mean ${close.name}?` : '';
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries()) {
      next.push(Math.min(next[j]! + 1, row[j + 1]! + 1, row[j]! + (letter === other ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length]!;
}
