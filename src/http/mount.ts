import { createReadStream, existsSync } from 'node:fs';
import { extname, join } from 'node:path';
import Router, { type RouterContext } from '@koa/router';
import type { Context, Middleware } from 'koa';
import { accountRoutes } from './account/routes.ts';
import { showEnded } from './account/sessions.ts';
import { adminRoutes } from './admin/routes.ts';
import type { ToProvider } from './direct.ts';
import { faceRoutes, isFace, requireFace, type FacePortal } from './face.ts';
import { OWN_STYLE } from './headers.ts';
import { helpRoutes } from './help.ts';
import { loginRoutes } from './login.ts';
import { textsFor, type Translate } from '../texts/catalogue.ts';
import { renderPage } from './pages.ts';
import { passwordRoutes } from './password/routes.ts';
import type { RealmHost } from './realm.ts';
import type { NavItem, ViewProblem } from './render.ts';
import { brokerRoutes } from './return.ts';
import { noticeFor, sessionRoutes } from './session.ts';
import type { SessionRow } from '../store/sessions.ts';
import { themeCss } from './theme.ts';

/** Everything of one realm, under `/<realm>`: our own pages first, then the provider. */
export function mountRealm(host: RealmHost, forms: Middleware, provider: ToProvider): Middleware {
  const prefix = new URL(host.realm.issuer).pathname;
  const router = new Router();
  router.use(themeRoutes(host).routes());
  router.get('/', (ctx) => showPortals(ctx, host));
  for (const routes of [loginRoutes(host), brokerRoutes(host), sessionRoutes(host), passwordRoutes(host), helpRoutes(host)]) router.use(forms, routes.routes());
  for (const portal of host.realm.portals.filter(isFace)) mountFace(router, host, forms, portal);
  const own = router.routes();
  return async (ctx, next) => {
    if (ctx.path !== prefix && !ctx.path.startsWith(`${prefix}/`)) return next();
    const { url = '/' } = ctx.req;
    // whatever goes wrong from here on is told in this realm's own words
    ctx.state['host'] = host;
    ctx.url = stripped(ctx, prefix);
    await own(ctx as RouterContext, async () => {
      const face = host.realm.portals.find(({ first_party }) => first_party && ctx.path === `/${first_party}`);
      if (face) return ctx.redirect(`${prefix}${ctx.path}/`);
      ctx.respond = false;
      return provider(ctx.req, ctx.res, url, ctx.state);
    });
    return undefined;
  };
}

/** Pages of our own behind a login of their own: the administration, or the account pages. */
function mountFace(router: Router, host: RealmHost, forms: Middleware, portal: FacePortal): void {
  const path = `/${portal.first_party}`;
  router.use(path, forms, faceRoutes(host, portal).routes());
  const render = (nav: (ctx: Context, host: RealmHost) => NavItem[]): Render => (ctx, view, locals) => renderPage(ctx, host, view, {
    portal, language: ctx.state['language'] as string, csrf: ctx.state['csrf'] as string, nav: nav(ctx, host),
    session: noticeFor(ctx, host, ctx.state['session'] as SessionRow, portal), ...locals,
  });
  const { realm, database, clock } = host;
  const routes = portal.first_party === 'admin' ? adminRoutes({ realm, database, clock, render: render(adminNav) }) : accountRoutes({ host, portal, render: render(accountNav) });
  if (portal.first_party === 'account') router.get(`${path}/ended`, (ctx) => showEnded({ host, portal }, ctx));
  router.use(path, requireFace(host, portal), routes.routes());
}

type Render = (ctx: Context, view: string, locals: { title: string; page: Record<string, unknown>; problems?: ViewProblem[]; values?: Record<string, string> }) => Promise<void>;

function adminNav(ctx: Context, host: RealmHost): NavItem[] {
  const t = textsFor(host.realm).t(ctx.state['language'] as string);
  const base = `${new URL(host.realm.issuer).pathname}/admin`;
  return [
    { href: `${base}/`, label: t('admin.nav.people'), current: true }, ...choiceNav(ctx, base, t),
    { href: `${base}/logout`, label: t('admin.nav.logout'), icon: 'logout', end: true, post: `${base}/logout` },
  ];
}

function accountNav(ctx: Context, host: RealmHost): NavItem[] {
  const t = textsFor(host.realm).t(ctx.state['language'] as string);
  const base = `${new URL(host.realm.issuer).pathname}/account`;
  return [
    { href: `${base}/`, label: t('account.nav.home'), current: true }, ...choiceNav(ctx, base, t),
    { href: `${base}/logout`, label: t('account.nav.logout'), icon: 'logout', end: true, post: `${base}/logout` },
  ];
}

function choiceNav(ctx: Context, base: string, t: Translate): NavItem[] {
  return ctx.state['several'] === true ? [{ href: `${base}/organisation`, label: t('common.organisation'), icon: 'building' }] : [];
}

/** Whoever comes to the realm itself is shown where to log in (page A01). */
function showPortals(ctx: Context, host: RealmHost): Promise<void> {
  // our own faces are not what somebody comes for
  const portals = host.realm.portals.toSorted((a, b) => Number(isFace(a)) - Number(isFace(b))).map(({ name, url, test }) => ({ name, url, test }));
  return renderPage(ctx, host, 'portals', { titleKey: 'portals.title', page: { portals } });
}

function stripped(ctx: Context, prefix: string): string {
  return ctx.url.slice(prefix.length) || '/';
}

const types: Record<string, string> = { '.svg': 'image/svg+xml', '.png': 'image/png' };

/** Colours and logo of the realm. The logo is somebody's file: nothing in it may run. */
function themeRoutes({ realm }: RealmHost): Router {
  const router = new Router();
  router.get('/theme.css', (ctx) => {
    ctx.type = 'text/css';
    ctx.set('Cache-Control', 'public, max-age=300');
    ctx.body = themeCss(realm.theme);
  });
  router.get('/logo', (ctx) => {
    const file = realm.theme.logo && join(realm.folder, realm.theme.logo);
    if (!file || !existsSync(file)) return;
    ctx.type = types[extname(file)] ?? 'application/octet-stream';
    ctx.set('Content-Security-Policy', OWN_STYLE);
    ctx.set('Cache-Control', 'public, max-age=3600');
    ctx.body = createReadStream(file);
  });
  return router;
}
