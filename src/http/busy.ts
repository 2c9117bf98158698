import type { Context } from 'koa';

/** Seconds after which the queue of hashes is surely shorter. */
const BUSY_FOR = 5;

/** Too many wait for a hash: nothing was judged. */
export function isBusy(problems: readonly { code: string }[]): boolean {
  return problems.some(({ code }) => code.endsWith('.busy'));
}

/** The status of a page that says so: this is no answer that may be kept or counted as one. */
export function sayBusy(ctx: Context): void {
  ctx.status = 503;
  ctx.set('Retry-After', String(BUSY_FOR));
}
