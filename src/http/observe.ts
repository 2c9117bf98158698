import { createServer } from 'node:http';
import type { Middleware } from 'koa';
import { listening, type Listening } from './listening.ts';

/** A request that was answered: which kind of page, `2xx` … or `aborted`, and how long it took. */
export type RequestEvent = { route: string; status: string; seconds: number };

/** The page of metrics, made by who counts. */
export type Scrape = { contentType: string; page(): Promise<string> };

/** First part of a path below a realm -> what it is. What is not here is `other`, or anybody could make up labels. */
const routes: Record<string, string> = {
  '': 'portals', auth: 'authorization', request: 'pushed_authorization', token: 'token', me: 'userinfo', jwks: 'jwks', '.well-known': 'discovery',
  session: 'session', login: 'login', saml: 'broker', admin: 'admin', account: 'account', password: 'password', help: 'help', 'theme.css': 'assets', logo: 'assets',
};

export function routeOf(path: string, realms: ReadonlySet<string>): string {
  const [, first = '', second = '', third] = path.split('/');
  if (first === 'healthz' || first === 'readyz' || first === 'metrics') return 'health';
  if (first === 'assets') return 'assets';
  if (!realms.has(first)) return 'other';
  if (second === 'token' && third !== undefined) return third === 'introspection' || third === 'revocation' ? third : 'other';
  return (Object.hasOwn(routes, second) ? routes[second] : undefined) ?? 'other';
}

/** `/metrics` beside everything else: the demo world only. */
export function metricsRoute({ contentType, page }: Scrape): Middleware {
  return async (ctx, next) => {
    if (ctx.path !== '/metrics') return next();
    ctx.set('Content-Type', contentType);
    ctx.body = await page();
    return undefined;
  };
}

/** `/metrics` at a port of its own: how busy an installation is, is not for everybody. */
export function listenMetrics({ contentType, page }: Scrape, port: number, host: string): Promise<Listening> {
  const server = createServer((req, res) => {
    if (req.method !== 'GET' || req.url !== '/metrics') {
      res.writeHead(404).end();
      return;
    }
    page().then(
      (text) => res.writeHead(200, { 'Content-Type': contentType, 'Cache-Control': 'no-store' }).end(text),
      () => res.writeHead(500).end(),
    );
  });
  return listening(server, port, host);
}
