import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Koa from 'koa';
import type { Context } from 'koa';
import { Router } from '@koa/router';
import { bodyParser } from '@koa/bodyparser';
import type { Settings } from '../settings.ts';
import { root } from '../settings.ts';
import type { World } from '../world.ts';
import { answers } from './answers.ts';
import { brokers, createControls, entityIdOf, isMode, modes } from './brokers.ts';
import type { SimulatorKeys } from './keys.ts';
import { startPage } from './start.ts';
import { idpMetadata } from './metadata.ts';
import { createOutbox } from './outbox.ts';
import { fetchedProvider } from './provider.ts';
import type { ProviderSource } from './provider.ts';

export type SimulatorOptions = {
  settings: Pick<Settings, 'simulatorUrl' | 'sluisUrl'>;
  world: World;
  keys: SimulatorKeys;
  log: (line: string) => void;
  /** where the service provider's metadata comes from; Sluis by default */
  provider?: ProviderSource;
  /** how long a slow broker waits, in milliseconds */
  slowness?: number;
};

/** Six eHerkenning brokers as SAML 2.0 identity providers (seed rows IB-1 to IB-3). */
export function createSimulator(options: SimulatorOptions): Koa {
  const { settings, world, keys } = options;
  const controls = createControls();
  const outbox = createOutbox(settings.sluisUrl, options.log);
  const provider = options.provider ?? fetchedProvider(`${settings.sluisUrl}/inlichtingenbureau/saml/metadata`);
  const handle = answers({ settings, world, keys, controls, outbox, provider, log: options.log });
  const router = new Router();
  router.get('/', (ctx) => { ctx.body = startPage(world); });
  router.get('/outbox', (ctx) => { ctx.body = outbox.list(); });
  router.get('/control', (ctx) => { ctx.body = controls.all(); });
  router.post('/control', (ctx) => control(ctx, controls));
  router.get('/favicon.ico', (ctx) => { ctx.status = 204; });
  router.get('/assets/:name', (ctx) => asset(ctx));
  router.use('/:broker', misbehave(controls, handle, options.slowness ?? 10_000));
  router.get('/:broker/metadata', (ctx) => {
    const broker = ctx.params['broker'] ?? '';
    ctx.type = 'application/samlmetadata+xml';
    ctx.body = idpMetadata(entityIdOf(broker), `${settings.simulatorUrl}/${broker}/sso`, keys.certificate);
  });
  router.get('/:broker/sso', handle.sso);
  router.post('/:broker/sso', handle.sso);
  router.get('/:broker/login/:id', handle.show);
  router.post('/:broker/login/:id', handle.submit);
  const app = new Koa();
  app.silent = true;
  app.on('error', (error: Error) => options.log(`simulator: ${error.message}`));
  app.use(headers).use(bodyParser({ enableTypes: ['form', 'json'], formLimit: '256kb' })).use(router.routes());
  return app;
}

async function headers(ctx: Context, next: () => Promise<void>): Promise<void> {
  // no form-action: the answer goes to the service provider and from there to the portal
  ctx.set('Content-Security-Policy', "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; frame-ancestors 'none'; base-uri 'none'");
  ctx.set('Cache-Control', 'no-cache, no-store');
  ctx.set('Pragma', 'no-cache');
  ctx.set('X-Content-Type-Options', 'nosniff');
  ctx.set('Referrer-Policy', 'no-referrer');
  await next();
}

function misbehave(controls: ReturnType<typeof createControls>, handle: ReturnType<typeof answers>, slowness: number) {
  return async (ctx: Context & { params: Record<string, string> }, next: () => Promise<void>) => {
    const broker = ctx.params['broker'] ?? '';
    if (!Object.hasOwn(brokers, broker)) return;
    const { mode } = controls.of(broker);
    if (mode === 'down') return handle.down(ctx);
    if (mode === 'slow' && ctx.path.endsWith('/sso')) await new Promise((done) => { setTimeout(done, slowness); });
    await next();
  };
}

/** Takes JSON only, so that no form of another site can turn a knob. */
function control(ctx: Context, controls: ReturnType<typeof createControls>): void {
  const body = (ctx.is('json') ? ctx.request.body : {}) as { broker?: unknown; mode?: unknown; obey?: unknown };
  const { broker, mode, obey } = body;
  const known = typeof broker === 'string' && Object.hasOwn(brokers, broker);
  if (!known || !(mode === undefined || isMode(mode)) || !(obey === undefined || typeof obey === 'boolean')) {
    ctx.status = 400;
    ctx.body = { error: 'expected {"broker", "mode", "obey"}', brokers: Object.keys(brokers), modes };
    return;
  }
  ctx.body = controls.set(broker, { ...(mode === undefined ? {} : { mode }), ...(obey === undefined ? {} : { obey }) });
}

const assets: Record<string, string> = { 'simulator.css': 'text/css', 'send.js': 'text/javascript' };

function asset(ctx: Context & { params: Record<string, string> }): void {
  const name = ctx.params['name'] ?? '';
  if (!Object.hasOwn(assets, name)) return;
  ctx.type = assets[name] ?? '';
  ctx.body = readFileSync(join(root, 'demo/simulator/assets', name));
}
