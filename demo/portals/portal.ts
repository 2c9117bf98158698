import type { Router } from '@koa/router';
import type { Context } from 'koa';
import { accountOf, accountRoutes, mustChoose } from './account-choice.ts';
import type { Client } from './client.ts';
import { errorCode } from './client.ts';
import { homePage, introductionPage, manualPage } from './home.ts';
import { cookieOf, seeOther, setCookie } from './http.ts';
import type { Site } from './layout.ts';
import { manuals } from './manuals.ts';
import { dashboardPage, errorPage, forbiddenPage, itemPage, missingPage, startPage } from './pages.ts';
import { mayOpen } from './portals.ts';
import { applicationsFor } from './side.ts';
import { sessionRoutes } from './session-routes.ts';
import type { Session, Sessions } from './sessions.ts';
import { createLogins, createSessions, randomId } from './sessions.ts';

export type Parts = { site: Site; client: Client; sessions: Sessions; logins: ReturnType<typeof createLogins>; secure: boolean; now: () => number; log: (line: string) => void };

/** Parameters of the login that a portal passes on when its own address has them. */
const passedOn = ['acr_values', 'prompt', 'ui_locales', 'max_age', 'login_hint', 'organisation'];

/** Adds the routes of one portal. */
export function createPortal(router: Router, given: Omit<Parts, 'sessions' | 'logins'>): void {
  const parts: Parts = { ...given, sessions: createSessions(given.client, given.now), logins: createLogins(given.now) };
  const { site, sessions } = parts;
  const path = `/${site.portal.id}`;
  router.get(path, async (ctx) => {
    const session = await sessions.active(cookieOf(ctx, parts, 'session'));
    // with or without a slash at the end; cookies of a portal are sent for both
    ctx.body = startPage(site, session?.user);
  });
  router.get(`${path}/login`, (ctx) => logIn(ctx, parts));
  router.get(`${path}/callback`, (ctx) => callback(ctx, parts));
  router.post(`${path}/logout`, (ctx) => logOut(ctx, parts));
  sessionRoutes(router, parts);
  if (site.portal.accountsOf) accountRoutes(router, parts);
  router.get(`${path}/manuals/:manual`, async (ctx) => {
    const session = await sessions.active(cookieOf(ctx, parts, 'session'));
    const manual = site.portal.home && manuals.find(({ id }) => id === ctx.params['manual']);
    ctx.status = manual ? 200 : 404;
    ctx.body = manual ? manualPage(site, session?.user, manual) : missingPage(site, session?.user);
  });
  router.get(`${path}/applications/:application`, (ctx) => withSession(ctx, parts, ({ user }) => {
    const application = applicationsFor(site, user).find(({ id }) => id === ctx.params['application']);
    if (!application) ctx.status = 404;
    return application ? introductionPage(site, user, application) : missingPage(site, user);
  }));
  router.get(`${path}/dashboard`, (ctx) => withSession(ctx, parts, (session) => (site.portal.home ? homePage(site, session.user) : dashboardPage(site, session.user, accountOf(site, session)))));
  router.get(`${path}/:item`, (ctx) => withSession(ctx, parts, (session) => {
    const item = site.portal.menu.find((entry) => entry.id === ctx.params['item']);
    if (!item) ctx.status = 404;
    else if (!mayOpen(item, session.user.roles)) ctx.status = 403;
    if (!item) return missingPage(site, session.user);
    return ctx.status === 403 ? forbiddenPage(site, session.user, item) : itemPage(site, session.user, item);
  }));
}

/** Without a session there is nothing to see: back to the start page of the portal, or to the page that says why it ended. */
async function withSession(ctx: Context, parts: Parts, page: (session: Session) => string): Promise<void> {
  ctx.status = 200;
  const cookie = cookieOf(ctx, parts, 'session');
  const session = await parts.sessions.active(cookie);
  if (!session) return seeOther(ctx, `${parts.site.base}/${parts.sessions.endedBecause(cookie) ? 'logged-out' : ''}`);
  if (mustChoose(parts.site, session)) return seeOther(ctx, `${parts.site.base}/account`);
  ctx.body = page(session);
}

async function logIn(ctx: Context, parts: Parts): Promise<void> {
  const extra = passedOn.flatMap((name) => (typeof ctx.query[name] === 'string' ? [[name, ctx.query[name]]] : []));
  try {
    const { url, pending } = await parts.client.start(Object.fromEntries(extra) as Record<string, string>);
    const browser = cookieOf(ctx, parts, 'browser') ?? randomId();
    setCookie(ctx, parts, 'browser', browser);
    parts.logins.remember(browser, pending);
    seeOther(ctx, url);
  } catch (error) {
    failed(ctx, parts, error, 502);
  }
}

async function callback(ctx: Context, parts: Parts): Promise<void> {
  const state = typeof ctx.query['state'] === 'string' ? ctx.query['state'] : '';
  const pending = parts.logins.take(cookieOf(ctx, parts, 'browser'), state);
  if (!pending) {
    ctx.status = 400;
    ctx.body = errorPage(parts.site, { code: 'unknown_login', description: '' });
    return;
  }
  try {
    const session = await parts.sessions.begin(await parts.client.finish(ctx.querystring, pending));
    const before = cookieOf(ctx, parts, 'session');
    if (before !== undefined) parts.sessions.end(before);
    setCookie(ctx, parts, 'session', session.id);
    seeOther(ctx, `${parts.site.base}/dashboard`);
  } catch (error) {
    // who gave up choosing goes on for the organisation of before
    const stays = pending.choosing && errorCode(error).code === 'access_denied' && await parts.sessions.active(cookieOf(ctx, parts, 'session'));
    if (stays) return seeOther(ctx, `${parts.site.base}/dashboard`);
    failed(ctx, parts, error, 400);
  }
}

/** Ends the session here, and sends the browser to end it at Sluis too (RP-initiated logout). */
async function logOut(ctx: Context, parts: Parts): Promise<void> {
  const session = await parts.sessions.active(cookieOf(ctx, parts, 'session'));
  setCookie(ctx, parts, 'session', null);
  if (!session) return seeOther(ctx, `${parts.site.base}/`);
  parts.sessions.end(session.id);
  try {
    seeOther(ctx, await parts.client.logoutUrl(session.tokens));
  } catch (error) {
    failed(ctx, parts, error, 502);
  }
}

function failed(ctx: Context, parts: Parts, error: unknown, status: number): void {
  const known = errorCode(error);
  parts.log(`portal ${parts.site.portal.id}: ${known.code}: ${error instanceof Error ? error.message : 'unknown'}`);
  ctx.status = status;
  ctx.body = errorPage(parts.site, known);
}
