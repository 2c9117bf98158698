import { describe, expect, test } from '@jest/globals';
import { nodesOf, product, read, typescript } from './source.ts';

const functions = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression', 'ClassMethod', 'PrivateMethod', 'Constructor',
  'MethodProperty', 'GetterProperty', 'SetterProperty']);

/** The value below which `share` of the numbers lie. */
function quantile(numbers: number[], share: number): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length * share)] ?? 0;
}

describe('files and functions stay small', () => {
  const lengths = product.map((file) => read(file).split('\n').length - 1);

  test('files: half have at most 70 lines, nine in ten at most 200', () => {
    expect(quantile(lengths, 0.5)).toBeLessThanOrEqual(70);
    expect(quantile(lengths, 0.9)).toBeLessThanOrEqual(200);
  });

  test('no file has more than 300 lines, tests included', () => {
    expect(typescript.filter((file) => read(file).split('\n').length - 1 > 300)).toEqual([]);
  });

  test('functions: nine in ten have at most 40 lines, none more than 60', () => {
    const sizes = product.flatMap((file) => nodesOf(file).filter(({ node }) => functions.has(node.type))
      .map(({ text, line }) => ({ at: `${file}:${line()}`, lines: text().split('\n').length })));
    expect(quantile(sizes.map(({ lines }) => lines), 0.9)).toBeLessThanOrEqual(40);
    expect(sizes.filter(({ lines }) => lines > 60)).toEqual([]);
  });
});
