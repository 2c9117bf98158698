import { describe, expect, test } from '@jest/globals';
import { helpFor, everywhere } from '../../src/cli/command.ts';
import { commands } from '../../src/cli/commands.ts';
import { predicateNames } from '../../src/flow/predicates.ts';
import { steps } from '../../src/steps/index.ts';
import { catalogue } from '../../src/texts/catalogue.ts';
import { product, read } from '../rules/source.ts';

const handbook = read('HANDBOOK.md');
const blocks = [...handbook.matchAll(/^```\w*\n([\s\S]*?)^```$/gm)].map(([, text = '']) => text);
const unnamed = (names: Iterable<string>): string[] => [...new Set(names)].filter((name) => !handbook.includes(`\`${name}\``)).toSorted();
const inSource = (pattern: RegExp, folder = 'src/'): string[] => product.filter((file) => file.startsWith(folder))
  .flatMap((file) => [...read(file).matchAll(pattern)].map(([, name = '']) => name));

describe('HANDBOOK', () => {
  test('quotes the sample step as it is tested', () => {
    expect(blocks).toContain(read('test/flow/sample-step/step.ts'));
  });

  test('shows the help of every command as it is', () => {
    const common = new RegExp(`^  --(${Object.keys(everywhere).join('|')})\\b`);
    const help = commands.map((command) => helpFor(command).split('\n').filter((line) => line !== '' && !common.test(line)).join('\n')).join('\n\n');
    expect(blocks.find((block) => block.startsWith('sluis migrate:'))).toBe(`${help}\n`);
  });

  test('names every predicate and every step', () => {
    expect(unnamed([...predicateNames, ...steps.keys()])).toEqual([]);
  });

  test('names every code on which a login or a page can end', () => {
    const codes = Object.keys(catalogue('nl')).flatMap((key) => /^(?:end|error)\.(\w+)\.title$/.exec(key)?.[1] ?? []);
    expect(codes.length).toBeGreaterThan(20);
    expect(unnamed(codes)).toEqual([]);
  });

  test('names every reason for which a broker\'s answer is refused', () => {
    const codes = inSource(/'(broker\.[a-z_]+)'/g, 'src/brokers/');
    expect(codes).toEqual(expect.arrayContaining(['broker.signature', 'broker.audience']));
    expect(unnamed([...codes, ...inSource(/BrokerRefusal\('(broker\.[a-z_]+)'/g)])).toEqual([]);
  });

  test('names every metric', () => {
    const metrics = inSource(/name: '(sluis_\w+)'/g, 'src/metrics/');
    expect(metrics.length).toBeGreaterThan(15);
    expect(unnamed(metrics)).toEqual([]);
  });

  test('names every event of the audit trail', () => {
    const written = [/\bevent: '([\w.]+)'/g, /(?:write\(context, args|record\(host, ctx), '([\w.]+)'/g, /(?:ask|leave|pass): '(step\.\w+)'/g, /'(login\.[a-z]+)'/g];
    const events = [...written.flatMap((pattern) => inSource(pattern)), ...inSource(/\bevent: '([\w.]+)'/g, 'db/')];
    expect(events).toEqual(expect.arrayContaining(['step.passed', 'login.completed', 'client.created', 'token.issued', 'demo.seeded']));
    expect(unnamed(events)).toEqual([]);
  });
});
