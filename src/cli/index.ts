import { hostname } from 'node:os';
import { ConfigError } from '../config/load.ts';
import { didYouMean } from '../config/mistakes.ts';
import { DomainError } from '../domain/errors.ts';
import { KeyError } from '../keys/keys.ts';
import { withAuditContext } from '../store/audit-context.ts';
import { helpFor, parse, Refusal, UsageError, type Io } from './command.ts';
import { commands } from './commands.ts';
import { sentenceFor } from './refusals.ts';

export type { Io } from './command.ts';

/**
 * Runs one command; `argv` is what follows `sluis`.
 * @returns the exit code: 0 done, 1 refused, 2 wrong use
 */
export async function run(argv: string[], io: Io): Promise<number> {
  const json = argv.includes('--json');
  try {
    const words = argv.slice(0, 2).filter((word) => !word.startsWith('-'));
    const command = commands.find(({ name }) => name === words.join(' ')) ?? commands.find(({ name }) => name === words[0]);
    if (!command) return noCommand(words, argv.includes('--help'), io);
    const args = parse(command, argv.slice(command.name.split(' ').length));
    if (args.flag('help')) {
      io.out(`${helpFor(command)}\n`);
      return 0;
    }
    const { data, text, refused = false, printed = false } = await withAuditContext({ component: 'cli', address: hostname() }, () => command.run(args, io));
    if (!printed) io.out(`${json ? JSON.stringify(data, null, 2) : text}\n`);
    return refused ? 1 : 0;
  } catch (error) {
    return failed(error, json, io);
  }
}

function noCommand(words: string[], asked: boolean, io: Io): number {
  const group = commands.filter(({ name }) => name.split(' ')[0] === words[0]);
  const shown = group.length > 0 ? group : commands;
  const text = ['usage: sluis COMMAND [options]', '', ...shown.map(({ name, summary }) => `  ${name.padEnd(22)} ${summary}`), '',
    'sluis serve starts the server. Every command has --help, --json and --config FILE.'].join('\n');
  if (asked && (words.length === 0 || group.length > 0)) {
    io.out(`${text}\n`);
    return 0;
  }
  const typed = words.join(' ');
  const names = commands.map(({ name }) => name);
  io.err(`${words.length === 0 ? '' : `there is no command ${typed}${didYouMean(typed, names)}\n`}${text}\n`);
  return 2;
}

type Failure = { code: string; message: string; exit: number; details?: unknown };

function failed(error: unknown, json: boolean, io: Io): number {
  const { exit, ...failure } = describe(error);
  io.err(`${json ? JSON.stringify({ error: failure }, null, 2) : failure.message}\n`);
  return exit;
}

function describe(error: unknown): Failure {
  if (error instanceof UsageError) return { code: 'usage', message: error.message, exit: 2 };
  if (error instanceof Refusal) return { code: error.code, message: error.message, exit: 1 };
  if (error instanceof DomainError) return { code: error.code, message: sentenceFor(error), exit: 1, details: error.params };
  if (error instanceof ConfigError) return { code: 'config', message: error.message, exit: 1, details: error.mistakes };
  if (error instanceof KeyError) return { code: 'keys', message: error.message, exit: 1 };
  throw error;
}

