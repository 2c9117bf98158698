import { bodyParser } from '@koa/bodyparser';
import type { Router } from '@koa/router';
import type { Context } from 'koa';
import { cookieOf, seeOther } from './http.ts';
import { LogoutRefusal } from './logout-token.ts';
import { loggedOutPage, warningPage } from './pages.ts';
import type { Parts } from './portal.ts';
import { warnBefore } from './sessions.ts';

const forms = bodyParser({ enableTypes: ['form'], formLimit: '16kb' });

/** How long a session lasts, how it is kept, and how Sluis ends it (seed row IB-9). */
export function sessionRoutes(router: Router, parts: Parts): void {
  const path = `/${parts.site.portal.id}`;
  router.get(`${path}/session`, (ctx) => tell(ctx, parts));
  router.post(`${path}/stay`, forms, (ctx) => stay(ctx, parts));
  router.get(`${path}/warning`, (ctx) => warn(ctx, parts));
  router.get(`${path}/logged-out`, (ctx) => loggedOut(ctx, parts));
  router.post(`${path}/backchannel-logout`, forms, (ctx) => backchannelLogout(ctx, parts));
}

/** For the page's script: how many seconds are left. Asking is no activity. */
function tell(ctx: Context, parts: Parts): void {
  const glance = parts.sessions.glance(cookieOf(ctx, parts, 'session'));
  ctx.status = glance ? 200 : 401;
  ctx.body = { endsIn: glance?.endsIn ?? 0 };
}

/** 'Blijf ingelogd', and what the script tells of typing and clicking: activity here, and so at Sluis. */
async function stay(ctx: Context, parts: Parts): Promise<void> {
  const session = await parts.sessions.active(cookieOf(ctx, parts, 'session'));
  if (ctx.accepts('html', 'json') === 'json') return tell(ctx, parts);
  const { base } = parts.site;
  seeOther(ctx, session ? `${base}/${pageOf(parts, (ctx.request.body as { from?: unknown } | undefined)?.from)}` : `${base}/logged-out`);
}

/** Looking at the warning is no activity either: the header leads on to the end, or back here when another window was used. */
function warn(ctx: Context, parts: Parts): void {
  const glance = parts.sessions.glance(cookieOf(ctx, parts, 'session'));
  const { base } = parts.site;
  if (!glance) return seeOther(ctx, `${base}/logged-out`);
  const { endsIn, session } = glance;
  const from = pageOf(parts, ctx.query['from']);
  ctx.set('Refresh', `${endsIn > warnBefore ? endsIn - warnBefore : endsIn + 1}; url=${base}/warning?from=${from}`);
  ctx.body = warningPage(parts.site, session.user, new Date((parts.now() + endsIn) * 1000), from);
}

function loggedOut(ctx: Context, parts: Parts): void {
  const cookie = cookieOf(ctx, parts, 'session');
  if (parts.sessions.glance(cookie)) return seeOther(ctx, `${parts.site.base}/warning`);
  ctx.body = loggedOutPage(parts.site, parts.sessions.endedBecause(cookie));
}

/** Id of a page of this portal, never an address that a form made up. */
function pageOf({ site }: Parts, asked: unknown): string {
  return site.portal.menu.find(({ id }) => id === asked)?.id ?? 'dashboard';
}

/** Sluis tells that a session ended: section 2.5 to 2.8. A session that is gone already is ended too: 200. */
async function backchannelLogout(ctx: Context, { site, client, sessions, log }: Parts): Promise<void> {
  const { logout_token: token } = (ctx.request.body ?? {}) as { logout_token?: unknown };
  try {
    if (typeof token !== 'string') throw new LogoutRefusal('no logout_token in the form');
    sessions.endAt(await client.readLogout(token));
    ctx.status = 200;
    ctx.body = '';
  } catch (error) {
    const refused = error instanceof LogoutRefusal;
    log(`portal ${site.portal.id}: logout token: ${error instanceof Error ? error.message : 'unknown'}`);
    ctx.status = 400;
    ctx.body = { error: refused ? 'invalid_request' : 'temporarily_unavailable', error_description: refused ? error.message : 'the keys of the issuer could not be had' };
  }
}
