import Router from '@koa/router';
import type { Context } from 'koa';
import { refusesNamed } from '../flow/flow.ts';
import { notForThem } from '../oidc/policy.ts';
import { abortLogin, answerUrl, finishLogin, runOfBrowser } from '../oidc/finish.ts';
import { knownBrowser, markBrowser } from '../domain/known-browser.ts';
import { keepAlive, liveSession } from '../domain/sessions.ts';
import type { OpenRun } from '../flow/run.ts';
import type { Turn } from '../flow/turn.ts';
import type { BrowserMessage } from '../brokers/broker.ts';
import { textsFor } from '../texts/catalogue.ts';
import { isBusy, sayBusy } from './busy.ts';
import { csrfHolds, csrfToken, fieldsOf } from './csrf.ts';
import { allowForms, originOf } from './headers.ts';
import { renderPage, renderProblem } from './pages.ts';
import type { RealmHost } from './realm.ts';
import { rememberBroker, rememberBrowser, viewerOf } from './viewer.ts';


/**
 * The pages of a run, all under `/<realm>/login/<run>`: the interaction cookie is scoped to that path, so tabs do not
 * collide and nothing enters a run without that run's cookie.
 */
export function loginRoutes(host: RealmHost): Router {
  const router = new Router();
  router.get('/login/:run', (ctx) => inRun(ctx, host, async (run) => {
    await answer(ctx, host, await host.engine.show(run.row.id, viewerOf(ctx, host.realm, run.request.language)));
  }));
  router.post('/login/:run', (ctx) => inRun(ctx, host, (run) => post(ctx, host, run)));
  router.get('/login/:run/return', (ctx) => inRun(ctx, host, async (run) => {
    const handle = typeof ctx.query['answer'] === 'string' ? ctx.query['answer'] : '';
    await answer(ctx, host, await host.engine.resume(run.row.id, handle, viewerOf(ctx, host.realm, run.request.language)), true);
  }));
  return router;
}

/** Only with the run's own cookie; whoever comes without learns how to start again, and nothing else. */
async function inRun(ctx: Context, host: RealmHost, work: (run: OpenRun) => Promise<void>): Promise<void> {
  const id = (ctx['params'] as { run: string }).run;
  const run = await host.engine.look(id);
  const own = run && await runOfBrowser(host.provider, ctx.req, ctx.res);
  if (run && own?.id === id) return work(await stillIn(host, run, own.sessionId) ? run : await host.engine.look(id) ?? run);
  if (!run) return renderProblem(ctx, host, 404, 'session_not_found');
  // the run is over and its cookie with it: the way back to the portal is still known
  const over = run.row.status !== 'open' || run.row.expires_at <= run.facts.now;
  return over ? expired(ctx, host, run) : renderProblem(ctx, host, 400, 'session_not_found', { portal: run.portal });
}

/**
 * Who is busy here is not idle in the session that the run began in. Once that is over, what it proved counts no more: the
 * run begins anew. @returns whether the run is as it was
 */
async function stillIn({ database, realm, engine, clock }: RealmHost, run: OpenRun, sessionId: string | undefined): Promise<boolean> {
  if (sessionId === undefined || run.row.status !== 'open') return true;
  const session = await liveSession(database.db, realm, sessionId, clock());
  if (session) await keepAlive(database.db, session, clock());
  if (session || run.journal[0]?.binding !== '@session') return true;
  await engine.restart(run.row.id, 'open');
  return false;
}

async function post(ctx: Context, host: RealmHost, run: OpenRun): Promise<void> {
  const { csrf, binding = '', version = '', action = '', ...fields } = fieldsOf(ctx);
  if (!csrfHolds(host.keys.secret, run.row.id, csrf)) {
    return renderProblem(ctx, host, 403, 'csrf', { portal: run.portal, backHref: hrefOf(host, run) });
  }
  if (action === 'cancel') return leaveToPortal(ctx, host, run);
  if (action === 'restart') {
    await host.engine.restart(run.row.id);
    return seeOther(ctx, hrefOf(host, run));
  }
  const turn = await host.engine.submit(run.row.id, { binding, version: Number(version), fields: { ...fields, action } }, viewerOf(ctx, host.realm, run.request.language));
  if (turn.kind === 'leave') rememberBroker(ctx, host.realm, fields['remember'] === '1' ? turn.broker : undefined);
  await answer(ctx, host, turn, true);
}

/** Shows what a turn came to. After a post or a return a page is a redirect, so that reloading repeats nothing. */
async function answer(ctx: Context, host: RealmHost, turn: Turn, redirect = false): Promise<void> {
  if (turn.kind === 'unknown') return renderProblem(ctx, host, 404, 'session_not_found');
  if (turn.kind === 'expired') return expired(ctx, host, turn.run);
  if (turn.kind === 'leave') return sendToBroker(ctx, host, turn);
  if (turn.kind === 'done') {
    keepBrowser(ctx, host, turn.run);
    return seeOther(ctx, await finishLogin(host, ctx.req, ctx.res, turn.run));
  }
  if (redirect && turn.kind === 'page' && isBusy(turn.problems)) return busy(ctx, host, turn);
  if (turn.kind === 'stale' || redirect) return seeOther(ctx, hrefOf(host, turn.run));
  const language = viewerOf(ctx, host.realm, turn.run.request.language).language;
  return turn.kind === 'end' ? ended(ctx, host, turn, language) : page(ctx, host, turn, language);
}

/** Who logged in here with a password may try again here, whoever guesses elsewhere. */
function keepBrowser(ctx: Context, { realm, engine }: RealmHost, { facts, request }: OpenRun): void {
  const { account, shownNow } = facts;
  if (!account || !shownNow.some(({ factor }) => factor === 'password')) return;
  const mark = viewerOf(ctx, realm, request.language).remembered['browser'];
  if (knownBrowser(engine.vault, mark, account.id) === undefined) rememberBrowser(ctx, realm, markBrowser(engine.vault, account.id));
}

type PageTurn = Extract<Turn, { kind: 'page' }>;

/** Says so with the page itself, so that what was typed stays. */
async function busy(ctx: Context, host: RealmHost, turn: PageTurn): Promise<void> {
  sayBusy(ctx);
  return page(ctx, host, turn, viewerOf(ctx, host.realm, turn.run.request.language).language);
}

async function page(ctx: Context, host: RealmHost, turn: Extract<Turn, { kind: 'page' }>, language: string): Promise<void> {
  const t = textsFor(host.realm).t(language);
  allowForms(ctx, [...originOf(turn.run.request.redirectUri), ...host.realm.brokers.flatMap((b) => originOf(b.single_sign_on.url))]);
  await renderPage(ctx, host, `step:${turn.step}`, {
    titleKey: turn.page.title?.key ?? `${turn.step}.title`, titleParams: { portal: turn.run.portal.name, ...turn.page.title?.params },
    language, portal: turn.run.portal, step: turn.step, binding: turn.binding, version: turn.version,
    action: hrefOf(host, turn.run), csrf: csrfToken(host.keys.secret, turn.run.row.id),
    page: turn.page, values: turn.values,
    problems: turn.problems.map((p) => ({ code: p.code, message: t(p.code, p.params), ...(p.field && { field: p.field }) })),
    deadline: turn.run.row.expires_at,
  });
}

async function ended(ctx: Context, host: RealmHost, turn: Extract<Turn, { kind: 'end' }>, language: string): Promise<void> {
  const { run, code, fine } = turn;
  const hopeless = host.engine.hopeless(run);
  // a run may have ended under an earlier version, which knew fewer parameters
  const params = { by: 'portal', open: run.portal.open, known: 'no', ...turn.params, hopeless: hopeless ? 'yes' : 'no', brokers: host.realm.brokers.length > 0 ? 'yes' : 'no' };
  const key = `end.${code}${code === 'level_too_low' ? wordsOfLevel(params) : ''}`;
  if (!fine) ctx.status = 403;
  allowForms(ctx, originOf(run.request.redirectUri));
  const reference = turn.reference ?? ctx.state['reference'] as string;
  host.log.info({ reference, run: run.row.id, code }, 'run ended');
  await renderPage(ctx, host, 'login/end', {
    titleKey: `${key}.title`, titleParams: params, language, portal: run.portal,
    action: hrefOf(host, run), csrf: csrfToken(host.keys.secret, run.row.id),
    page: { code, key, params, fine, reference, portalUrl: run.portal.url, canReturn: !fine, canRestart: !fine && !hopeless, deskFirst: deskFirst.has(code) },
  });
}

/** Ends to which the same person comes again, whatever they do, until the service desk did something. */
const deskFirst = new Set(['second_factor_unusable']);

/** Means of brokers have levels by number; elsewhere a level is called by what is shown. What nobody can reach is no advice. */
function wordsOfLevel({ hopeless, brokers }: { hopeless: string; brokers: string }): string {
  if (hopeless === 'yes') return '.hopeless';
  return brokers === 'yes' ? '' : '.local';
}

async function expired(ctx: Context, host: RealmHost, run: OpenRun): Promise<void> {
  ctx.status = 410;
  const answerHref = run.row.status === 'open' ? answerUrl(run, host.realm.issuer) : undefined;
  await renderPage(ctx, host, 'login/expired', {
    titleKey: 'expired.title', portal: run.portal,
    page: { portalName: run.portal.name, portalUrl: run.portal.url, answerUrl: answerHref },
  });
}

async function sendToBroker(ctx: Context, host: RealmHost, { broker, message, run }: Extract<Turn, { kind: 'leave' }>): Promise<void> {
  const way = message as BrowserMessage;
  if (way.method === 'redirect') return seeOther(ctx, way.url);
  allowForms(ctx, originOf(way.url));
  const brokerName = host.realm.brokers.find((b) => b.id === broker)?.name ?? broker;
  await renderPage(ctx, host, 'login/leave', {
    titleKey: 'leave.title', titleParams: { broker: brokerName }, portal: run.portal,
    page: { url: way.url, fields: way.fields, brokerName },
  });
}

/** The person gives up, or goes back after a refusal: the portal hears why in a standard error. */
async function leaveToPortal(ctx: Context, host: RealmHost, run: OpenRun): Promise<void> {
  await host.engine.abandon(run, viewerOf(ctx, host.realm, run.request.language));
  if (refusesNamed(run.facts)) return seeOther(ctx, await abortLogin(host.provider, ctx.req, ctx.res, 'access_denied', notForThem));
  const tooLow = host.engine.hopeless(run) || (run.row.status === 'ended' && run.facts.proofs.length > 0 && run.facts.level < run.facts.required.level);
  const error = tooLow ? 'unmet_authentication_requirements' : 'access_denied';
  seeOther(ctx, await abortLogin(host.provider, ctx.req, ctx.res, error, tooLow ? 'the required level was not reached' : 'the login was not completed'));
}

function hrefOf(host: RealmHost, run: OpenRun): string {
  return `${new URL(host.realm.issuer).pathname}/login/${run.row.id}`;
}

function seeOther(ctx: Context, url: string): void {
  ctx.status = 303;
  ctx.set('Location', url);
}
