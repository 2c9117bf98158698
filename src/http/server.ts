import { createServer, type RequestListener } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { bodyParser } from '@koa/bodyparser';
import Router from '@koa/router';
import Koa, { type Context, type Middleware } from 'koa';
import serveStatic from 'koa-static';
import type { Logger } from 'pino';
import type { System } from '../config/schema.ts';
import { root } from '../root.ts';
import { TooBusy } from '../domain/passwords/gate.ts';
import { Unavailable } from '../store/unavailable.ts';
import { listening, type Listening } from './listening.ts';
import { demoRoutes } from './demo.ts';
import { directly, providerOf, type ToProvider } from './direct.ts';
import { arrivalOf, frontDoor } from './front.ts';
import { uncached } from './headers.ts';
import { renderProblem } from './pages.ts';
import { mountRealm } from './mount.ts';
import { metricsRoute, type RequestEvent, type Scrape } from './observe.ts';
import type { RealmHost } from './realm.ts';

/** Who counts: told of every request; `scrape` only when the main port may show it. */
export type Watching = { request(event: RequestEvent): void; scrape?: Scrape };

/** The whole HTTP side of an installation. */
export function createHttp(system: System, hosts: RealmHost[], log: Logger, watching: Watching): RequestListener {
  const providers = new Map(hosts.map((host) => [host, providerOf(host)]));
  const pages = createPages(system, providers, log, watching).callback();
  return frontDoor({ system, hosts, log, observe: (event) => watching.request(event), direct: directly(hosts, providers), pages });
}

/** What people see, and everything that is not directly for the provider. */
function createPages(system: System, providers: ReadonlyMap<RealmHost, ToProvider>, log: Logger, watching: Watching): Koa {
  const hosts = [...providers.keys()];
  const app = new Koa();
  // Koa would print a stack for every browser that went away: anybody can make those without end
  app.on('error', ({ code }: { code?: string }) => log.info({ code }, 'connection broken off'));
  app.proxy = true;
  // read at each request: a rotation replaces them
  Object.defineProperty(app, 'keys', { get: () => hosts.flatMap((host) => host.keys.cookies) });
  app.use(async (ctx, next) => {
    const { address, reference } = arrivalOf(ctx.req);
    Object.assign(ctx.state, { address, reference });
    await next();
  });
  app.use(uncached());
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
  for (const [host, provider] of providers) app.use(mountRealm(host, forms, provider));
  app.use(async (ctx) => {
    if (!hosts[0]) return;
    if (ctx.path === '/') ctx.redirect(`${new URL(hosts[0].realm.issuer).pathname}/`);
    else await renderProblem(ctx, hosts[0], 404, 'not_found');
  });
  return app;
}

/** Limits against half-sent requests: Node's own defaults hold a connection for minutes. */
export function listen(handle: RequestListener, port: number, host?: string): Promise<Listening> {
  const limits = { headersTimeout: 10_000, requestTimeout: 30_000, keepAliveTimeout: 5_000, connectionsCheckingInterval: 5_000 };
  const server = createServer(limits, handle);
  server.maxHeadersCount = 100;
  server.maxRequestsPerSocket = 1000;
  return listening(server, port, host);
}

function failures(hosts: RealmHost[]): Middleware {
  return async (ctx, next) => {
    try {
      await next();
    } catch (error) {
      const status = error instanceof Unavailable || error instanceof TooBusy ? 503 : (error as { status?: number }).status ?? 500;
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
    if (ctx.host === host && arrivalOf(ctx.req).origin !== undefined) return next();
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
