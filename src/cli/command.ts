import { parseArgs } from 'node:util';
import type { Environment } from '../config/source.ts';

/** The world outside: so that tests need no process. Texts are whole lines, with the line end. */
export type Io = { out(text: string): void; err(text: string): void; /** a line of standard input; absent: there is none */ read?(): Promise<string>; env: Environment; /** epoch seconds */ now(): number };

export type Option = { type: 'string' | 'boolean'; multiple?: boolean; required?: boolean; value?: string; help: string };

export type Args = {
  /** @throws UsageError when it is absent */
  need(name: string): string;
  get(name: string): string | undefined;
  all(name: string): string[];
  flag(name: string): boolean;
  has(name: string): boolean;
};

/** `data` is printed with --json, `text` without; neither when the command `printed` what it found piece by piece. `refused` makes the exit code 1. */
export type Result = { data: unknown; text: string; refused?: boolean; printed?: boolean };

export type Command = {
  /** as typed: `client create` */
  name: string;
  summary: string;
  options: Record<string, Option>;
  run(args: Args, io: Io): Promise<Result>;
};

/** The command line itself is wrong: exit code 2. */
export class UsageError extends Error {}

/** The command is understood and may not or cannot be done: exit code 1. `code` is stable. */
export class Refusal extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export const everywhere: Record<string, Option> = {
  config: { type: 'string', value: 'FILE', help: 'configuration file (config/sluis.yaml)' },
  json: { type: 'boolean', help: 'print JSON' },
  help: { type: 'boolean', help: 'print this' },
};

export const realmOption: Record<string, Option> = {
  realm: { type: 'string', required: true, value: 'ID', help: 'the realm' },
};

/** @throws UsageError for unknown, doubled and missing options */
export function parse(command: Command, argv: string[]): Args {
  const options = { ...command.options, ...everywhere };
  const parseOptions = Object.fromEntries(Object.entries(options).map(([name, { type, multiple = false }]) => [name, { type, multiple }]));
  let values: Record<string, unknown>;
  try {
    ({ values } = parseArgs({ args: argv, options: parseOptions, strict: true, allowPositionals: false }));
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  const args = argsOf(values);
  for (const [name, option] of Object.entries(options)) if (option.required && !args.flag('help')) args.need(name);
  return args;
}

function argsOf(values: Record<string, unknown>): Args {
  const get = (name: string): string | undefined => values[name] as string | undefined;
  return {
    get,
    need(name) {
      const value = get(name);
      if (value === undefined || value === '') throw new UsageError(`--${name} is required`);
      return value;
    },
    all: (name) => (values[name] ?? []) as string[],
    flag: (name) => values[name] === true,
    has: (name) => values[name] !== undefined,
  };
}

export function helpFor(command: Command): string {
  const lines = Object.entries({ ...command.options, ...everywhere }).map(([name, option]) => {
    const left = `--${name}${option.type === 'string' ? ` ${option.value ?? 'TEXT'}` : ''}`;
    const notes = [option.required ? 'required' : '', option.multiple ? 'may be repeated' : ''].filter(Boolean).join(', ');
    return `  ${left.padEnd(34)} ${option.help}${notes ? ` (${notes})` : ''}`;
  });
  return [`sluis ${command.name}: ${command.summary}`, '', ...lines].join('\n');
}

/** Rows under each other, columns aligned. */
export function table(rows: (string | number | null | undefined)[][]): string {
  const cells = rows.map((row) => row.map((cell) => String(cell ?? '')));
  const widths = (cells[0] ?? []).map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  return cells.map((row) => row.map((cell, column) => cell.padEnd(widths[column]!)).join('  ').trimEnd()).join('\n');
}

/** Epoch seconds as people write a time, in UTC. */
export function time(seconds: number | null | undefined): string {
  return seconds === null || seconds === undefined ? '' : new Date(seconds * 1000).toISOString().replace('T', ' ').replace('.000Z', 'Z');
}
