import { describe, expect, test } from '@jest/globals';
import type { Context } from 'koa';
import { csrfHolds, csrfToken, fieldsOf } from './csrf.ts';

const secret = Buffer.alloc(32, 7);

describe('a form\'s token', () => {
  const token = csrfToken(secret, 'run-1');

  test('holds for its own run and secret', () => {
    expect(csrfHolds(secret, 'run-1', token)).toBe(true);
    expect(csrfHolds(secret, 'run-2', token)).toBe(false);
    expect(csrfHolds(Buffer.alloc(32, 8), 'run-1', token)).toBe(false);
  });

  test.each([undefined, '', 'x', 42, null, [token], `${token}x`, token.toLowerCase()])('%j is not it', (given) => {
    expect(csrfHolds(secret, 'run-1', given)).toBe(false);
  });

  test('tells nothing of the run or the secret', () => {
    expect(token).toMatch(/^[\w-]{43}$/);
    expect(token).not.toContain('run-1');
  });
});

describe('fields of a form', () => {
  const fields = (body: unknown) => fieldsOf({ request: { body } } as unknown as Context);

  test('are strings; of a field sent twice the last counts', () => {
    expect(fields({ a: '1', b: ['x', 'y'] })).toEqual({ a: '1', b: 'y' });
    expect(fields(undefined)).toEqual({});
  });

  test('a field named as something of every object is only a field', () => {
    const found = fields(JSON.parse('{"__proto__":"x","constructor":"y"}'));
    expect(Object.getPrototypeOf(found)).toBe(Object.prototype);
    expect(found['constructor']).toBe('y');
  });
});
