import { describe, expect, test } from '@jest/globals';
import { exitCode, figureOf, limitOf, median, quantile, report, type Round } from './figures.ts';

const rounds = (...pairs: [number, number][]): Round[] => pairs.map(([operations, cpu]) => ({ operations, cpu }));
const idle = { sluis: 0, bare: 0 };
const machine = { cpu: 'A processor', cores: 2, node: 'v20.20.2', os: 'Linux 6.1' };

describe('the arithmetic of the bench', () => {
  test('a median is the middle one, or between the two in the middle; of nothing there is none', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(() => median([])).toThrow('nothing');
  });

  test('a quantile is the number below which that share lies; the last one when nothing is above', () => {
    const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
    expect([quantile(hundred, 0.99), quantile(hundred, 0.5), quantile([7], 0.99)]).toEqual([100, 51, 7]);
    expect(() => quantile([], 0.5)).toThrow('nothing');
  });

  test('the ratio is of operations per CPU second, not of operations', () => {
    const figure = figureOf('userinfo', 0.6, { sluis: rounds([1000, 1]), bare: rounds([1000, 0.5]), after: { sluis: 0, bare: 0 }, settle: 5 }, idle);
    expect(figure).toEqual({ name: 'userinfo', sluis: 1000, bare: 2000, ratio: 0.5, bar: 0.6, met: false });
  });

  test('rounds are compared in pairs: a machine that slows down slows both, and one odd round counts for nothing', () => {
    const figure = figureOf('refresh', 0.45, {
      sluis: rounds([100, 1], [50, 1], [1, 1]), bare: rounds([200, 1], [100, 1], [60, 1]), after: { sluis: 0, bare: 0 }, settle: 5,
    }, idle);
    expect(figure.ratio).toBe(0.5);
    expect(figure.met).toBe(true);
  });

  test('what is done afterwards is paid by the operations that caused it', () => {
    const figure = figureOf('refresh', 0.5, { sluis: rounds([100, 0.5], [100, 0.5]), bare: rounds([100, 0.5], [100, 0.5]), after: { sluis: 1, bare: 0 }, settle: 5 }, idle);
    expect(figure).toMatchObject({ sluis: 100, bare: 200, ratio: 0.5, met: true });
  });

  test('what a server does anyway is not', () => {
    const measured = { sluis: rounds([100, 0.5], [100, 0.5]), bare: rounds([100, 0.5], [100, 0.5]), after: { sluis: 1.5, bare: 0.1 }, settle: 10 };
    expect(figureOf('refresh', 0.5, measured, { sluis: 0.05, bare: 0.02 })).toMatchObject({ sluis: 100, bare: 200, ratio: 0.5, met: true });
  });

  test('a bar is met at the bar, not a hair below', () => {
    const at = (operations: number) => figureOf('x', 0.9, { sluis: rounds([operations, 1]), bare: rounds([1000, 1]), after: { sluis: 0, bare: 0 }, settle: 5 }, idle).met;
    expect([at(900), at(899)]).toEqual([true, false]);
  });

  test('a server that did nothing, or lost a round, is an error and no figure', () => {
    const [after, settle] = [{ sluis: 0, bare: 0 }, 5];
    expect(() => figureOf('x', 1, { sluis: rounds([0, 1]), bare: rounds([1, 1]), after, settle }, idle)).toThrow('measures nothing');
    expect(() => figureOf('x', 1, { sluis: rounds([5, 0]), bare: rounds([1, 1]), after, settle }, idle)).toThrow('measures nothing');
    expect(() => figureOf('x', 1, { sluis: rounds([5, 1], [5, 1]), bare: rounds([1, 1]), after, settle }, idle)).toThrow('pairs');
  });

  test('the exit code is 1 as soon as one bar or limit is missed', () => {
    const [good, bad] = [900, 100].map((operations) => figureOf('x', 0.5, { sluis: rounds([operations, 1]), bare: rounds([1000, 1]), after: { sluis: 0, bare: 0 }, settle: 5 }, idle));
    const [quick, slow] = [limitOf('ready', 2, 2, 's'), limitOf('ready', 2.01, 2, 's')];
    expect(exitCode([good!], [quick])).toBe(0);
    expect(exitCode([good!, bad!], [quick])).toBe(1);
    expect(exitCode([good!], [quick, slow])).toBe(1);
    expect(exitCode([], [])).toBe(0);
  });

  test('the report names the machine, and says of every row whether it is met', () => {
    const figure = figureOf('discovery', 2, { sluis: rounds([30_000, 2]), bare: rounds([5000, 1]), after: { sluis: 0, bare: 0 }, settle: 5 }, idle);
    expect(report(machine, { figures: [figure], limits: [limitOf('memory of five realms', 240, 200, 'MB')] }).split('\n')).toEqual([
      'A processor, 2 cores, Linux 6.1, Node v20.20.2; the server on one core, the load on another.',
      '',
      '| operations per CPU second | Sluis | bare | ratio |    bar |     |',
      '|---------------------------|------:|-----:|------:|-------:|----:|',
      '| discovery                 | 15000 | 5000 |  3.00 | ≥ 2.00 | met |',
      '',
      '| at rest               |  Sluis |    limit |         |',
      '|-----------------------|-------:|---------:|--------:|',
      '| memory of five realms | 240 MB | ≤ 200 MB | NOT MET |',
    ]);
  });

  test('logins have tables of their own, beside the hash; some tens a second are told with a decimal', () => {
    const figure = figureOf('login', 0.75, { sluis: rounds([32, 2]), bare: rounds([40, 2]), after: { sluis: 0, bare: 0 }, settle: 5 }, idle);
    const logins = { figures: [figure], limits: [limitOf('p99', 12.34, 10.5, 'ms')] };
    expect(report(machine, { figures: [], limits: [] }, logins).split('\n').slice(1)).toEqual([
      '',
      '| per CPU second | logins | hashes alone | ratio |    bar |     |',
      '|----------------|-------:|-------------:|------:|-------:|----:|',
      '| login          |   16.0 |         20.0 |  0.80 | ≥ 0.75 | met |',
      '',
      '| a signed token |   Sluis |     limit |         |',
      '|----------------|--------:|----------:|--------:|',
      '| p99            | 12.3 ms | ≤ 10.5 ms | NOT MET |',
    ]);
  });
});
