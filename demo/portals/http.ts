import type { Context } from 'koa';
import type { Site } from './layout.ts';

type Place = { site: Site; secure: boolean };

export function seeOther(ctx: Context, url: string): void {
  ctx.status = 303;
  ctx.redirect(url);
}

export function cookieOf(ctx: Context, { site }: Pick<Place, 'site'>, name: string): string | undefined {
  return ctx.cookies.get(`${site.portal.id}.${name}`);
}

/** Each portal has its own path, so that portals on one host do not see each other's cookies. */
export function setCookie(ctx: Context, { site, secure }: Place, name: string, value: string | null): void {
  // behind a proxy the connection itself is not encrypted, the address is
  ctx.cookies.secure = secure;
  ctx.cookies.set(`${site.portal.id}.${name}`, value, { path: `/${site.portal.id}`, httpOnly: true, sameSite: 'lax', secure, overwrite: true });
}
