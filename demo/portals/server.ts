import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Router } from '@koa/router';
import type { JWK } from 'jose';
import Koa from 'koa';
import type { Context } from 'koa';
import type { Settings } from '../settings.ts';
import { root } from '../settings.ts';
import type { World } from '../world.ts';
import { createClient } from './client.ts';
import type { Client } from './client.ts';
import { publicPart } from './keys.ts';
import { listPage } from './layout.ts';
import { createPortal } from './portal.ts';
import { publicSite } from './public-site.ts';
import type { Portal } from './portals.ts';
import { worldDocument } from './world.ts';

export type PortalsOptions = {
  settings: Settings;
  world: World;
  portals: Portal[];
  keys: Map<string, JWK>;
  log: (line: string) => void;
  /** how a portal talks to Sluis; tests give their own */
  clientFor?: (portal: Portal) => Client;
  /** epoch seconds; the system's clock by default */
  now?: () => number;
};

const assets = { 'portals.css': 'text/css', 'idle.js': 'text/javascript' };

/** The relying parties of the demo world: ordinary OpenID Connect clients that know nothing of Sluis' inside. */
export function createPortals(options: PortalsOptions): Koa {
  const { settings, world, portals, keys, now = () => Math.floor(Date.now() / 1000) } = options;
  const router = new Router();
  router.get('/', (ctx) => { ctx.body = listPage(portals, settings.portalsUrl); });
  router.get('/world.json', (ctx) => { ctx.body = worldDocument(settings, world, portals, keys); });
  router.get('/cak', (ctx) => { ctx.body = publicSite(settings.portalsUrl); });
  router.get('/favicon.ico', (ctx) => { ctx.status = 204; });
  for (const [name, type] of Object.entries(assets)) {
    router.get(`/assets/${name}`, (ctx) => {
      ctx.type = type;
      ctx.body = readFileSync(join(root, 'demo/portals/assets', name));
    });
  }
  for (const portal of portals) {
    const key = keys.get(portal.id);
    const base = `${settings.portalsUrl}/${portal.id}`;
    const issuer = `${settings.sluisUrl}/${portal.realm}`;
    const client = options.clientFor?.(portal) ?? createClient({ portal, issuer, base, key });
    const adminUrl = portal.admin ? `${issuer}/admin/` : undefined;
    if (key) router.get(`/${portal.id}/jwks.json`, (ctx) => { ctx.body = { keys: [publicPart(key)] }; });
    createPortal(router, { site: { portal, base, root: settings.portalsUrl, issuer, adminUrl }, client, secure: base.startsWith('https:'), now, log: options.log });
  }
  const app = new Koa();
  app.silent = true;
  app.on('error', (error: Error) => options.log(`portals: ${error.message}`));
  app.use(headers(settings.sluisUrl)).use(router.routes());
  return app;
}

function headers(sluisUrl: string) {
  // logging out is a form that ends at Sluis
  const policy = `default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self'; form-action 'self' ${new URL(sluisUrl).origin}; frame-ancestors 'none'; base-uri 'none'`;
  return async (ctx: Context, next: () => Promise<void>): Promise<void> => {
    ctx.set('Content-Security-Policy', policy);
    ctx.set('Cache-Control', 'no-store');
    ctx.set('X-Content-Type-Options', 'nosniff');
    ctx.set('Referrer-Policy', 'no-referrer');
    await next();
  };
}
