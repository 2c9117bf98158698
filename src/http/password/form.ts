import { randomBytes } from 'node:crypto';
import type { Context } from 'koa';
import type { Portal } from '../../config/schema.ts';
import { textsFor } from '../../texts/catalogue.ts';
import type { Params } from '../../texts/catalogue.ts';
import { isBusy, sayBusy } from '../busy.ts';
import { csrfHolds, csrfToken } from '../csrf.ts';
import type { RealmHost } from '../realm.ts';
import type { ViewProblem } from '../render.ts';
import { languageOf } from '../viewer.ts';

/** A problem before it has words. */
export type Failure = { field?: string; code: string; params?: Params };

/**
 * The token of a form that belongs to no run and no session: bound to a random cookie of this browser and to the page, and made
 * with a key of ours (OWASP, signed double-submit cookie).
 */
export function formToken(ctx: Context, host: RealmHost, page: string): string {
  let cookie = ctx.cookies.get(cookieName(host));
  if (cookie === undefined) {
    cookie = randomBytes(32).toString('base64url');
    ctx.cookies.set(cookieName(host), cookie, { path: `${pathOf(host)}/password`, httpOnly: true, sameSite: 'lax', secure: ctx.secure, overwrite: true });
  }
  return csrfToken(host.keys.secret, `form:${page}:${cookie}`);
}

export function formHolds(ctx: Context, host: RealmHost, page: string, given: unknown): boolean {
  const cookie = ctx.cookies.get(cookieName(host));
  return cookie !== undefined && csrfHolds(host.keys.secret, `form:${page}:${cookie}`, given);
}

function cookieName({ realm }: RealmHost): string {
  return `sluis_${realm.id}_form`;
}

/** Path below which the realm lives. */
export function pathOf({ realm }: RealmHost): string {
  return new URL(realm.issuer).pathname.replace(/\/$/, '');
}

/** The portal that somebody says to come from: one of the realm's, or none. */
export function portalNamed({ realm }: RealmHost, id: unknown): Portal | undefined {
  return realm.portals.find((portal) => portal.id === id);
}

/** Address of one of these pages that remembers the portal. */
export function pageUrl(host: RealmHost, page: string, portal: Portal | undefined): string {
  return `${pathOf(host)}/${page}${portal ? `?portal=${encodeURIComponent(portal.id)}` : ''}`;
}

/** A form that comes back: in words, and with the status that says why. */
export function refused(ctx: Context, { realm }: RealmHost, failures: Failure[]): { problems: ViewProblem[] } {
  if (failures.length > 0) {
    if (isBusy(failures)) sayBusy(ctx);
    else ctx.status = failures.some(({ code }) => code.endsWith('.wait')) ? 429 : 422;
  }
  const t = textsFor(realm).t(languageOf(ctx, realm));
  return { problems: failures.map(({ code, field, params }) => ({ code, message: t(code, params), ...(field !== undefined && { field }) })) };
}
