import { createReadStream, existsSync } from 'node:fs';
import { extname, join } from 'node:path';
import Router, { type RouterContext } from '@koa/router';
import type { Context, Middleware } from 'koa';
import { adminRoutes } from './admin/routes.ts';
import type { ToProvider } from './direct.ts';
import { faceRoutes, requireAdmin } from './face.ts';
import { OWN_STYLE } from './headers.ts';
import { loginRoutes } from './login.ts';
import { textsFor } from '../texts/catalogue.ts';
import { renderPage } from './pages.ts';
import type { RealmHost } from './realm.ts';
import type { NavItem } from './render.ts';
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
  for (const routes of [loginRoutes(host), brokerRoutes(host), sessionRoutes(host)]) router.use(forms, routes.routes());
  const face = host.realm.portals.find((portal) => portal.first_party === 'admin');
  if (face) {
    router.use('/admin', forms, faceRoutes(host, face).routes());
    router.use('/admin', requireAdmin(host, face), adminRoutes({
      realm: host.realm, database: host.database, clock: host.clock,
      render: (ctx, view, locals) => renderPage(ctx, host, view, {
        portal: face, language: ctx.state['language'] as string, csrf: ctx.state['csrf'] as string, nav: adminNav(ctx, host),
        session: noticeFor(ctx, host, ctx.state['session'] as SessionRow, face), ...locals,
      }),
    }).routes());
  }
  const own = router.routes();
  return async (ctx, next) => {
    if (ctx.path !== prefix && !ctx.path.startsWith(`${prefix}/`)) return next();
    const { url = '/' } = ctx.req;
    // whatever goes wrong from here on is told in this realm's own words
    ctx.state['host'] = host;
    ctx.url = stripped(ctx, prefix);
    await own(ctx as RouterContext, async () => {
      if (ctx.path === '/admin') return ctx.redirect(`${prefix}/admin/`);
      ctx.respond = false;
      return provider(ctx.req, ctx.res, url, ctx.state);
    });
    return undefined;
  };
}

function adminNav(ctx: Context, host: RealmHost): NavItem[] {
  const t = textsFor(host.realm).t(ctx.state['language'] as string);
  const base = `${new URL(host.realm.issuer).pathname}/admin`;
  return [
    { href: `${base}/`, label: t('admin.nav.people'), current: true },
    { href: `${base}/logout`, label: t('admin.nav.logout'), icon: 'logout', end: true, post: `${base}/logout` },
  ];
}

/** Whoever comes to the realm itself is shown where to log in (page A01). */
function showPortals(ctx: Context, host: RealmHost): Promise<void> {
  const portals = host.realm.portals.map(({ name, url, test }) => ({ name, url, test }));
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
