import type { IncomingMessage, ServerResponse } from 'node:http';
import type Koa from 'koa';
import { keptDocuments } from './documents.ts';
import { pathOf, type Front } from './front.ts';
import { formPolicy, originOf } from './headers.ts';
import { renderProblem } from './pages.ts';
import type { RealmHost } from './realm.ts';

/** The provider's addresses below a realm that have no page of ours in front of them. */
const endpoints = new Set([
  '/token', '/token/introspection', '/token/revocation', '/me', '/request', '/auth', '/jwks',
  '/.well-known/openid-configuration', '/.well-known/oauth-authorization-server',
]);

/** Hands a request over to the provider; its `url` is that below the realm, `original` the whole one. */
export type ToProvider = (req: IncomingMessage, res: ServerResponse, original: string, state: object) => Promise<void>;

/**
 * What programs ask goes to the provider past everything that pages need: that costs a third of such a request. Requests
 * that name another host than ours are for `pages` to refuse.
 */
export function directly(hosts: RealmHost[], toProvider: ReadonlyMap<RealmHost, ToProvider>): Front['direct'] {
  const doors = new Map(hosts.map((host) => {
    const { origin, pathname } = new URL(host.realm.issuer);
    return [pathname, { host, origin, kept: keptDocuments(host), prefix: pathname, provider: toProvider.get(host) }] as const;
  }));
  return (req, res, arrival) => {
    const { origin } = arrival;
    const { url = '/' } = req;
    const path = pathOf(url);
    const door = doors.get(path.slice(0, path.indexOf('/', 1)));
    const below = door && path.slice(door.prefix.length);
    if (!door?.provider || !below || !endpoints.has(below) || !url.startsWith('/') || !sameHost(origin, door.origin)) return undefined;
    if (origin === door.origin && door.kept(req, res, below)) return 'answered';
    req.url = url.slice(door.prefix.length);
    const { provider, host } = door;
    const { address, reference } = arrival;
    return async () => await host.plain(req, res, below, { address, reference }) ? undefined : provider(req, res, url, { address, reference, host });
  };
}

/** Another scheme is no reason for doubt: a health check may come past the proxy that ends TLS. */
function sameHost(origin: string | undefined, ours: string): boolean {
  return origin !== undefined && origin.slice(origin.indexOf('://')) === ours.slice(ours.indexOf('://'));
}

/** The provider of the moment: after a rotation of keys it is another one, for requests that come then. */
export function providerOf(host: RealmHost): ToProvider {
  const handlers = new WeakMap<RealmHost['provider'], ToProvider>();
  return (req, res, original, state) => {
    const { provider } = host;
    let handle = handlers.get(provider);
    if (!handle) handlers.set(provider, handle = handlerOf(host, provider));
    return handle(req, res, original, state);
  };
}

const STATE = Symbol('state');
type Handed = IncomingMessage & { [STATE]?: object; originalUrl?: string };

/** The provider is a Koa application of its own: what we found out about a request is handed over to it. */
function handlerOf(host: RealmHost, provider: RealmHost['provider']): ToProvider {
  // as in server.ts
  (provider as unknown as Koa).on('error', ({ code }: { code?: string }) => host.log.info({ code }, 'connection broken off'));
  const forms = formPolicy(host.realm.portals.flatMap((portal) => portal.clients.flatMap((client) => client.redirect_uris.flatMap(originOf))));
  provider.use(async (ctx, next) => {
    Object.assign(ctx.state, (ctx.req as Handed)[STATE]);
    await next();
    // the provider leaves an address that it does not know without a page
    if (ctx.status === 404 && !ctx.body) {
      ctx.set('Cache-Control', 'no-cache, no-store');
      await renderProblem(ctx, host, 404, 'not_found');
    }
  });
  const handle = provider.callback();
  return (req: Handed, res, original, state) => {
    req[STATE] = state;
    // the provider derives its own addresses from the difference between the two
    req.originalUrl = original;
    res.setHeader('Content-Security-Policy', forms);
    // what Koa would send at the end is sent by the provider; only its headers are ours
    res.statusCode = 404;
    return handle(req, res);
  };
}
