import { readFileSync } from 'node:fs';
import { isMap, isScalar, isSeq, LineCounter, parseDocument, visit, type Document } from 'yaml';
import type { Mistake } from './mistakes.ts';

export type Path = readonly PropertyKey[];
export type Environment = Readonly<Record<string, string | undefined>>;

/** A file of the configuration: its plain value, and a way to say where in the text something is wrong. */
export type Source = {
  file: string;
  value: unknown;
  /** adds a mistake at the place of this key, or at the nearest key above it that exists */
  complain(path: Path, message: string): void;
};

// a default may hold one more variable: ${PORTALS_URL:-http://localhost:${PORTALS_PORT:-3001}}
const variable = /\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-((?:[^{}]|\{[^{}]*\})*))?\}/g;

/**
 * Reads a YAML (or JSON) file. With `env`, `${NAME}` and `${NAME:-default}` inside text values are filled in.
 * @returns undefined when it cannot be read as YAML; why is added to `mistakes`
 */
export function readSource(file: string, mistakes: Mistake[], env?: Environment): Source | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    mistakes.push({ file, line: 0, column: 0, key: '', message: `cannot be read (${(error as NodeJS.ErrnoException).code})` });
    return undefined;
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const report = (offset: number, key: string, message: string): void => {
    const { line, col } = lines.linePos(offset);
    mistakes.push({ file, line, column: col, key, message });
  };
  for (const error of document.errors) report(error.pos[0], '', error.message);
  if (document.errors.length > 0) return undefined;
  if (env) fillIn(document, env, (offset, message) => report(offset, '', message));
  return {
    file,
    value: document.toJS(),
    complain: (path, message) => report(offsetOf(document, path), path.map(String).join('.'), message),
  };
}

function fillIn(document: Document, env: Environment, report: (offset: number, message: string) => void): void {
  visit(document, {
    Scalar(role, node) {
      if (role === 'key' || typeof node.value !== 'string') return;
      node.value = filled(node.value, env, (name) => report(node.range?.[0] ?? 0, `the environment variable ${name} is not set`));
    },
  });
}

/** As in a shell, `:-` also replaces a variable that is set to nothing. */
function filled(text: string, env: Environment, missing: (name: string) => void): string {
  return text.replace(variable, (_, name: string, fallback: string | undefined) => {
    const value = env[name];
    if (fallback !== undefined && !value) return filled(fallback, env, missing);
    if (value === undefined) missing(name);
    return value ?? '';
  });
}

function offsetOf(document: Document, path: Path): number {
  let node: unknown = document.contents;
  let offset = rangeStart(node) ?? 0;
  for (const part of path) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(part));
      if (!pair) return offset;
      offset = rangeStart(pair.key) ?? offset;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(part)];
      offset = rangeStart(node) ?? offset;
    } else {
      return offset;
    }
  }
  return offset;
}

function rangeStart(node: unknown): number | undefined {
  return (node as { range?: [number, number, number] | null } | null | undefined)?.range?.[0];
}
