import type { Context } from 'koa';
import type { Settings } from '../settings.ts';
import type { World, WorldPerson } from '../world.ts';
import type { Controls } from './brokers.ts';
import { brokers, entityIdOf } from './brokers.ts';
import type { SimulatorKeys } from './keys.ts';
import { cardsOf, createLogins, submit } from './login.ts';
import type { Login } from './login.ts';
import type { createOutbox } from './outbox.ts';
import { messageOf } from './outbox.ts';
import type { PageContext } from './pages.ts';
import { answerPage, notice, stagePage } from './pages.ts';
import type { ProviderSource, ServiceProvider } from './provider.ts';
import type { LoginRequest } from './request.ts';
import { readPosted, readRedirected, RequestRefused } from './request.ts';
import type { Failure, Subject } from './response.ts';
import { failureResponse, loginResponse } from './response.ts';
import { languageOf, textsIn } from './texts.ts';

type Parts = {
  settings: Pick<Settings, 'simulatorUrl'>;
  world: World;
  keys: SimulatorKeys;
  controls: Controls;
  outbox: ReturnType<typeof createOutbox>;
  provider: ProviderSource;
  log: (line: string) => void;
  logins: ReturnType<typeof createLogins>;
};

type BrokerContext = Context & { params: Record<string, string> };

const cancelled: Failure = { top: 'Responder', second: 'AuthnFailed', message: 'Authentication cancelled' };
const faulty: Failure = { top: 'Responder', second: 'RequestUnsupported', message: 'The request is not supported' };

/** The requests of a broker: take a SAML request, show pages, answer. */
export function answers(given: Omit<Parts, 'logins'>) {
  const parts: Parts = { ...given, logins: createLogins() };
  return {
    sso: (ctx: BrokerContext) => begin(parts, ctx),
    show: (ctx: BrokerContext) => show(parts, ctx),
    submit: (ctx: BrokerContext) => receive(parts, ctx),
    down(ctx: BrokerContext): void {
      const context = contextOf(ctx);
      const t = textsIn(context.language);
      ctx.status = 503;
      ctx.type = 'html';
      ctx.body = notice(context, t('down.title'), t('down.text', { broker: brokers[context.broker] ?? '' }), 'down');
    },
  };
}

async function begin(parts: Parts, ctx: BrokerContext): Promise<void> {
  const broker = ctx.params['broker'] ?? '';
  const destination = `${parts.settings.simulatorUrl}/${broker}/sso`;
  try {
    const { request, provider } = await believed(parts.provider, (from) => (
      ctx.method === 'POST' ? readPosted(fields(ctx), from, destination) : readRedirected(ctx.querystring, from, destination)));
    if (parts.controls.of(broker).mode === 'error') return refuse(parts, ctx, request, faulty);
    const service = provider.services[request.serviceIndex] ?? Object.values(provider.services)[0];
    const login = parts.logins.begin({
      broker, request, service: service?.name || new URL(request.acsUrl).host, serviceId: service?.serviceId || 'urn:etoegang:DV:00000000000000000000:services:1',
    }, now());
    seeOther(ctx, `/${broker}/login/${login.id}`);
  } catch (error) {
    untrusted(parts, ctx, error);
  }
}

function show(parts: Parts, ctx: BrokerContext): void {
  const login = parts.logins.find(ctx.params['broker'] ?? '', ctx.params['id'] ?? '', now());
  if (!login) return over(ctx);
  ctx.type = 'html';
  ctx.body = stagePage({ ...contextOf(ctx), login }, cardsOf(parts.world, login.broker));
}

async function receive(parts: Parts, ctx: BrokerContext): Promise<void> {
  const login = parts.logins.find(ctx.params['broker'] ?? '', ctx.params['id'] ?? '', now());
  if (!login) return over(ctx);
  const form = fields(ctx);
  const next = submit(parts.world, login, form, parts.controls.of(login.broker).obey, now());
  if (next.kind === 'answer' || next.kind === 'cancelled') parts.logins.end(login.id);
  if (next.kind === 'cancelled') return refuse(parts, ctx, login.request, cancelled);
  if (next.kind === 'answer') return accept(parts, ctx, login, next.level);
  if (next.kind === 'send') await parts.outbox.deliver(messageOf(login));
  if (next.kind !== 'page' || !next.problem) return seeOther(ctx, ctx.url);
  ctx.type = 'html';
  ctx.body = stagePage({ ...contextOf(ctx), login, problem: next.problem, values: { username: form['username'] ?? '' } }, cardsOf(parts.world, login.broker));
}

function seeOther(ctx: BrokerContext, url: string): void {
  ctx.status = 303;
  ctx.redirect(url);
}

/** A key that was replaced since the metadata was fetched gets one second look. */
async function believed(source: ProviderSource, read: (provider: ServiceProvider) => LoginRequest) {
  const provider = await source(false);
  try {
    return { provider, request: read(provider) };
  } catch (error) {
    if (!(error instanceof RequestRefused) || error.code === 'request.malformed') throw error;
    const anew = await source(true);
    return { provider: anew, request: read(anew) };
  }
}

function accept(parts: Parts, ctx: BrokerContext, login: Login, level: string): void {
  const subject = login.person && subjectOf(parts.world, login.person);
  if (!subject) return refuse(parts, ctx, login.request, faulty);
  const envelope = { issuer: entityIdOf(ctx.params['broker'] ?? ''), request: login.request, now: new Date(), key: parts.keys.key };
  respond(ctx, login.request, loginResponse(envelope, subject, level, login.serviceId), true);
}

function refuse(parts: Parts, ctx: BrokerContext, request: LoginRequest, failure: Failure): void {
  respond(ctx, request, failureResponse({ issuer: entityIdOf(ctx.params['broker'] ?? ''), request, now: new Date(), key: parts.keys.key }, failure), false);
}

function respond(ctx: BrokerContext, request: LoginRequest, xml: string, loggedIn: boolean): void {
  const relay: Record<string, string> = request.relayState === '' ? {} : { RelayState: request.relayState };
  ctx.status = 200;
  ctx.type = 'html';
  ctx.body = answerPage(contextOf(ctx), request.acsUrl, { SAMLResponse: Buffer.from(xml).toString('base64'), ...relay }, loggedIn);
}

function untrusted(parts: Parts, ctx: BrokerContext, error: unknown): void {
  const code = error instanceof RequestRefused ? error.code : 'request.provider';
  parts.log(`simulator: ${code}: ${error instanceof Error ? error.message : 'unknown'}`);
  const context = contextOf(ctx);
  const t = textsIn(context.language);
  ctx.status = error instanceof RequestRefused ? 400 : 502;
  ctx.type = 'html';
  ctx.body = notice(context, t('refused.title'), `${t('refused.text')} (${code})`, code);
}

function over(ctx: BrokerContext): void {
  const context = contextOf(ctx);
  const t = textsIn(context.language);
  ctx.status = 404;
  ctx.type = 'html';
  ctx.body = notice(context, t('over.title'), t('over.text'), 'over');
}

function subjectOf(world: World, person: WorldPerson): Subject | undefined {
  const organisation = person.means?.organisation ?? world.realms.flatMap((realm) => realm.organisations).find((o) => o.id === person.organisation_id);
  if (!person.means || !person.identity || !organisation) return undefined;
  return { pseudonym: person.identity.pseudonym, givenName: person.means.given_name, familyName: person.means.family_name, organisation };
}

function contextOf(ctx: BrokerContext): PageContext {
  const asked = ctx.query['lang'];
  return { broker: ctx.params['broker'] ?? '', language: languageOf(typeof asked === 'string' ? asked : undefined, ctx.get('Accept-Language')) };
}

/** Form fields that came once; a field that came twice is nobody's. */
function fields(ctx: BrokerContext): Record<string, string> {
  const body = (ctx.request.body ?? {}) as Record<string, unknown>;
  return Object.fromEntries(Object.entries(body).filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}

function now(): number {
  return Math.floor(Date.now() / 1000);
}
