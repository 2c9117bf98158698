import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Context } from 'koa';

/** A form's token: bound to the run or session that the form belongs to, so it says nothing elsewhere. */
export function csrfToken(secret: Buffer, subject: string): string {
  return createHmac('sha256', secret).update(`csrf:${subject}`).digest('base64url');
}

export function csrfHolds(secret: Buffer, subject: string, given: unknown): boolean {
  const expected = Buffer.from(csrfToken(secret, subject));
  const actual = Buffer.from(typeof given === 'string' ? given : '');
  return actual.length === expected.length && timingSafeEqual(actual, expected);
}

/** Fields of a form post as strings; a field sent twice counts once, the last. */
export function fieldsOf(ctx: Context): Record<string, string> {
  const body = (ctx.request as unknown as { body?: Record<string, unknown> }).body ?? {};
  return Object.fromEntries(Object.entries(body).flatMap(([name, value]) => {
    const last: unknown = Array.isArray(value) ? value.at(-1) : value;
    return typeof last === 'string' ? [[name, last]] : [];
  }));
}
