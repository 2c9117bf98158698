import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative, sep } from 'node:path';
import { parseSync } from '@swc/core';
import { root } from '../../src/root.ts';

/** Folders that are made, not written. */
const made = new Set(['node_modules', 'dist', '.git', 'test-results', 'coverage', 'db/data']);

/** Files of the clone as paths from its root, with `/`. */
export function filesOf(folder = ''): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = posix.join(folder, entry.name);
    if (made.has(path) || made.has(entry.name) || (folder === 'keys' && entry.name !== 'README.md')) return [];
    return entry.isDirectory() ? filesOf(path) : [path];
  });
}

export const read = (file: string): string => readFileSync(join(root, file), 'utf8');

const code = filesOf().filter((file) => /\.(ts|mjs)$/.test(file));
/** Everything written in TypeScript, with and without tests. */
export const typescript = code.filter((file) => file.endsWith('.ts'));
export const product = typescript.filter((file) => /^(src|demo|db)\//.test(file) && !file.endsWith('.test.ts'));

export type Import = { file: string; from: string; typeOnly: boolean };

/** Imports and re-exports of a file; those of our own files as paths from the root. */
export function importsOf(file: string): Import[] {
  const found = [...read(file).matchAll(/^(?:import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?'([^']+)'/gm)];
  return found.map(([, type, from = '']) => ({ file, typeOnly: type !== undefined, from: from.startsWith('.') ? pathOf(file, from) : from }));
}

function pathOf(file: string, from: string): string {
  return relative(root, join(root, dirname(file), from)).split(sep).join('/');
}

export type Node = { type: string; span?: { start: number; end: number }; function?: Node } & Record<string, unknown>;

/** Every node of a file's syntax tree, with the text and the line it starts on. */
export function nodesOf(file: string): { node: Node; text(): string; line(): number }[] {
  // positions count bytes from the first file that was parsed in this process: a first statement of ours says where from
  const text = `0;${read(file).replace(/^#!/, '//')}`;
  const bytes = Buffer.from(text);
  const tree = parseSync(text, { syntax: 'typescript', target: 'es2023' }) as unknown as { body: Node[] };
  const first = tree.body[0]?.span?.start ?? 0;
  const all: ReturnType<typeof nodesOf> = [];
  const walk = (value: unknown): void => {
    if (Array.isArray(value)) return value.forEach(walk);
    if (typeof value !== 'object' || value === null) return;
    const node = value as Node;
    const span = node.span ?? node.function?.span;
    if (typeof node.type === 'string' && span) {
      all.push({
        node,
        text: () => bytes.subarray(span.start - first, span.end - first).toString(),
        line: () => bytes.subarray(0, span.start - first).toString().split('\n').length,
      });
    }
    Object.values(node).forEach(walk);
  };
  walk(tree.body.slice(1));
  return all;
}
