import type { ServerResponse } from 'node:http';
import type { Context, Middleware } from 'koa';

/** Who may be posted to from a page: Chromium applies form-action to the redirects behind a post too. */
export function allowForms(ctx: Context, origins: string[]): void {
  ctx.set('Content-Security-Policy', formPolicy(origins));
}

/** Content-Security-Policy of a page whose forms may lead to these origins. */
export function formPolicy(origins: string[]): string {
  return policy(['\'self\'', ...new Set(origins)], '\'none\'');
}

/** A page whose script may call us, and nobody else: the one that warns before the session ends. */
export function allowOwnCalls(ctx: Context): void {
  ctx.set('Content-Security-Policy', policy(['\'self\''], '\'self\''));
}

/** What is not a page of ours (a logo, a letter): it may look as it likes, and do nothing. */
export const OWN_STYLE = 'default-src \'none\'; style-src \'unsafe-inline\'; sandbox';

function policy(formAction: string[], connect: string): string {
  return [
    'default-src \'none\'',
    // always a script-src: the provider adds the hash of its own script to an existing one
    'script-src \'self\'',
    'style-src \'self\'',
    'img-src \'self\'',
    'font-src \'self\'',
    `connect-src ${connect}`,
    `form-action ${formAction.join(' ')}`,
    'frame-ancestors \'none\'',
    'base-uri \'none\'',
  ].join('; ');
}

/** Headers of every answer. Set before the provider, which has none of its own. */
export function securityHeaders(secure: boolean): (res: ServerResponse) => void {
  const headers = Object.entries({
    'Content-Security-Policy': formPolicy([]),
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'X-Frame-Options': 'DENY',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Permissions-Policy': 'camera=(), microphone=(), geolocation=(), publickey-credentials-get=(self), publickey-credentials-create=(self)',
    ...(secure && { 'Strict-Transport-Security': 'max-age=31536000; includeSubDomains' }),
  });
  return (res) => { for (const [name, value] of headers) res.setHeader(name, value); };
}

/** What says nothing about caches stays out of them. */
export function uncached(): Middleware {
  return async (ctx, next) => {
    await next();
    if (ctx.res.headersSent) return;
    // pages with somebody's data stay out of every cache (E7 asks the same of what goes to a broker)
    if (!ctx.response.get('Cache-Control')) {
      ctx.set('Cache-Control', 'no-cache, no-store');
      ctx.set('Pragma', 'no-cache');
    }
  };
}

export function originOf(url: string | undefined): string[] {
  return url !== undefined && URL.canParse(url) ? [new URL(url).origin] : [];
}
