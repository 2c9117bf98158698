import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { bodyParser } from '@koa/bodyparser';
import Router from '@koa/router';
import Koa, { type Context, type Middleware } from 'koa';
import serveStatic from 'koa-static';
import type { Logger } from 'pino';
import { networksOf, plainAddress } from '../config/networks.ts';
import type { System } from '../config/schema.ts';
import { root } from '../root.ts';
import { withAuditContext } from '../store/audit-context.ts';
import { Unavailable } from '../store/unavailable.ts';
import { listening, type Listening } from './listening.ts';
import { demoRoutes } from './demo.ts';
import { securityHeaders } from './headers.ts';
import { renderProblem } from './pages.ts';
import { mountRealm } from './mount.ts';
import { metricsRoute, timeRequests, type RequestEvent, type Scrape } from './observe.ts';
import type { RealmHost } from './realm.ts';

/** Who counts: told of every request; `scrape` only when the main port may show it. */
export type Watching = { request(event: RequestEvent): void; scrape?: Scrape };

/** The whole HTTP side of an installation. */
export function createHttp(system: System, hosts: RealmHost[], log: Logger, watching: Watching): Koa {
  const app = new Koa();
  // Koa would print a stack for every browser that went away: anybody can make those without end
  app.on('error', ({ code }: { code?: string }) => log.info({ code }, 'connection broken off'));
  app.proxy = true;
  // read at each request: a rotation replaces them
  Object.defineProperty(app, 'keys', { get: () => hosts.flatMap((host) => host.keys.cookies) });
  const secure = system.public_url.startsWith('https:');
  app.use(timeRequests(hosts, (event) => watching.request(event)));
  app.use(trustProxies(system));
  app.use(auditRequests());
  app.use(logRequests(log));
  app.use(securityHeaders(secure));
  app.use(failures(hosts));
  app.use(healthRoutes(hosts));
  if (watching.scrape) app.use(metricsRoute(watching.scrape));
  app.use(onlyOurHost(system, hosts));
  app.use(assets());
  // 256 KiB is what a broker's answer may be; base64 and form encoding take their share. The provider reads its own bodies.
  const forms = bodyParser({ enableTypes: ['form'], formLimit: '400kb', onError: (error) => { throw Object.assign(error, { code: 'too_large', status: 413 }); } });
  if (system.demo) {
    const demo = new Router();
    demo.use(bodyParser({ enableTypes: ['form', 'json'], formLimit: '64kb', jsonLimit: '64kb' }));
    app.use(demo.use(demoRoutes(hosts).routes()).routes());
  }
  for (const host of hosts) app.use(mountRealm(host, forms));
  app.use(async (ctx) => {
    if (!hosts[0]) return;
    if (ctx.path === '/') ctx.redirect(`${new URL(hosts[0].realm.issuer).pathname}/`);
    else await renderProblem(ctx, hosts[0], 404, 'not_found');
  });
  return app;
}

/** Limits against half-sent requests: Node's own defaults hold a connection for minutes. */
export function listen(app: Koa, port: number, host?: string): Promise<Listening> {
  const handle = app.callback();
  const limits = { headersTimeout: 10_000, requestTimeout: 30_000, keepAliveTimeout: 5_000, connectionsCheckingInterval: 5_000 };
  const server = createServer(limits, (req, res) => { void handle(req, res); });
  server.maxHeadersCount = 100;
  server.maxRequestsPerSocket = 1000;
  return listening(server, port, host);
}

/** X-Forwarded-* is believed of listed proxies only; from others it is taken away before anything reads it. */
function trustProxies(system: System): Middleware {
  const isTrusted = remembered(networksOf(system.trusted_proxies));
  return async (ctx, next) => {
    const peer = plainAddress(ctx.req.socket.remoteAddress ?? '');
    const chain = isTrusted(peer) ? String(ctx.req.headers['x-forwarded-for'] ?? '').split(',').map((a) => a.trim()).filter(Boolean) : [];
    // the last address that is not one of ours is the client; what stands before it anyone can write
    ctx.state['address'] = chain.findLast((address) => !isTrusted(address)) ?? peer;
    ctx.state['reference'] = newReference();
    if (!isTrusted(peer)) for (const name of Object.keys(ctx.req.headers)) if (name.startsWith('x-forwarded-')) delete ctx.req.headers[name];
    await next();
  };
}

/** Whatever a request comes to do, its rows in an audit trail say where it came from. */
function auditRequests(): Middleware {
  return (ctx, next) => withAuditContext({
    component: 'http', address: ctx.state['address'] as string, reference: ctx.state['reference'] as string, userAgent: ctx.get('user-agent'),
  }, next);
}

/** Answers about the last thousand addresses: they follow from the configuration alone, and looking takes longer than remembering. */
function remembered(ask: (address: string) => boolean): (address: string) => boolean {
  const known = new Map<string, boolean>();
  return (address) => {
    const before = known.get(address);
    if (before !== undefined) return before;
    const answer = ask(address);
    if (known.size >= 1000) known.clear();
    known.set(address, answer);
    return answer;
  };
}

/** Ten hexadecimal digits, drawn ahead in batches. */
function newReference(): string {
  const id = randomUUID();
  return `${id.slice(0, 8)}${id.slice(9, 11)}`.toUpperCase();
}

/** One line a request, without query, body, cookies or address: those hold what is personal or secret. */
function logRequests(log: Logger): Middleware {
  return async (ctx, next) => {
    const start = performance.now();
    ctx.res.once('finish', () => {
      log.info({ reference: ctx.state['reference'], method: ctx.method, path: (ctx.state['logPath'] as string | undefined) ?? ctx.path, status: ctx.res.statusCode, ms: Math.round(performance.now() - start) }, 'request');
    });
    // a run's id is half of what opens it, so it is not in every line
    ctx.state['logPath'] = ctx.path.replace(/(\/(?:login|auth)\/)[^/]+/, '$1:run');
    await next();
  };
}

function failures(hosts: RealmHost[]): Middleware {
  return async (ctx, next) => {
    try {
      await next();
    } catch (error) {
      const status = error instanceof Unavailable ? 503 : (error as { status?: number }).status ?? 500;
      const host = (ctx.state['host'] as RealmHost | undefined) ?? hosts[0];
      if (!host) throw error;
      if (status >= 500) host.log.error({ reference: ctx.state['reference'], err: error }, 'request failed');
      await renderProblem(ctx, host, status, problemOf(status));
    }
  };
}

function problemOf(status: number): string {
  if (status === 404) return 'not_found';
  if (status === 413) return 'too_large';
  if (status === 503) return 'temporarily_unavailable';
  return status < 500 ? 'invalid_request' : 'server_error';
}

function healthRoutes(hosts: RealmHost[]): Middleware {
  return async (ctx, next) => {
    if (ctx.path === '/healthz') ctx.body = { status: 'ok' };
    else if (ctx.path === '/readyz') await ready(ctx, hosts);
    else await next();
  };
}

/** Milliseconds for a database to answer: who asks wants to send people elsewhere, not to wait. */
const pingPatience = 2000;

async function answers({ database }: RealmHost): Promise<boolean> {
  const end = new AbortController();
  const late = sleep(pingPatience, false, { signal: end.signal }).catch(() => false);
  const up = await Promise.race([database.ping().then(() => true, () => false), late]);
  end.abort();
  return up;
}

async function ready(ctx: Context, hosts: RealmHost[]): Promise<void> {
  const realms = await Promise.all(hosts.map(async (host) => [host.realm.id, await answers(host)] as const));
  const down = realms.filter(([, up]) => !up).map(([id]) => id);
  ctx.status = down.length === 0 ? 200 : 503;
  ctx.body = down.length === 0 ? { status: 'ready' } : { status: 'unavailable', realms: down };
}

/** The provider writes the request's host into its documents: another host's name must not get that far. */
function onlyOurHost(system: System, hosts: RealmHost[]): Middleware {
  const { host } = new URL(system.public_url);
  return async (ctx, next) => {
    // of two Host headers a proxy may have read the other one (RFC 9112, 3.2)
    if (ctx.host === host && ctx.req.headersDistinct['host']?.length === 1) return next();
    if (hosts[0]) await renderProblem(ctx, hosts[0], 421, 'invalid_request');
  };
}

function assets(): Middleware {
  const files = serveStatic(join(root, 'views/assets'), { maxage: 31_536_000_000, immutable: true, index: false });
  return async (ctx, next) => {
    if (!ctx.path.startsWith('/assets/')) return next();
    const path = ctx.path;
    ctx.path = path.slice('/assets'.length);
    await files(ctx, async () => undefined);
    ctx.path = path;
    return undefined;
  };
}
