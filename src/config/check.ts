import type { z } from 'zod';
import { didYouMean } from './mistakes.ts';
import type { Path, Source } from './source.ts';

/** Holds a file against its schema. Every issue becomes a mistake at its key; unknown keys come with a suggestion. */
export function check<T extends z.ZodType>(source: Source, schema: T): z.output<T> | undefined {
  const result = schema.safeParse(source.value ?? {});
  if (result.success) return result.data;
  for (const issue of result.error.issues) complain(source, schema, issue);
  return undefined;
}

function complain(source: Source, schema: z.ZodType, issue: z.core.$ZodIssue): void {
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(schema, issue.path);
    for (const key of issue.keys) source.complain([...issue.path, key], `unknown key${didYouMean(key, known)}`);
    return;
  }
  if (issue.code === 'invalid_key' || issue.code === 'invalid_element') {
    source.complain(issue.path, issue.issues.map((inner) => inner.message).join(', '));
    return;
  }
  source.complain(issue.path, issue.message.endsWith('received undefined') ? 'is missing' : plain(issue.message));
}

function plain(message: string): string {
  return message.replace(/^Invalid (input|option): /, '').replace(/^Invalid input$/, 'is not one of the values allowed here');
}

type Definition = { type: string; shape?: Record<string, z.ZodType>; innerType?: z.ZodType; element?: z.ZodType;
  valueType?: z.ZodType; options?: z.ZodType[] };

/** Names that the schema knows at this path. */
function keysAt(schema: z.ZodType | undefined, path: Path): string[] {
  if (!schema) return [];
  const definition = schema._zod.def as unknown as Definition;
  const { shape, innerType, element, valueType, options } = definition;
  if (innerType) return keysAt(innerType, path);
  if (options) return options.flatMap((option) => keysAt(option, path));
  const [first, ...rest] = path;
  if (first === undefined) return shape ? Object.keys(shape) : [];
  return keysAt(shape?.[String(first)] ?? element ?? valueType, rest);
}
