import { Router } from '@koa/router';
import type { Context, Middleware } from 'koa';
import { takeTry } from '../../domain/throttle.ts';
import { seeOther } from '../admin/context.ts';
import { requireFresh } from '../face.ts';
import { renderProblem } from '../pages.ts';
import { accountUrl, credentials, languageOf, offerTo, personOf, translate, type AccountContext, type Offer } from './context.ts';
import { saveDetails, saveLanguage, showDetails } from './details.ts';
import { changeEmail, showEmail } from './email.ts';
import { showHistory } from './history.ts';
import { ownOrganisation, showMyOrganisation } from './my-organisation.ts';
import { savePasskeyName, showPasskeyName } from './passkeys.ts';
import { savePassword, showPassword } from './password.ts';
import { saveQuestions, showQuestions } from './questions.ts';
import { endAll, endOne, showSessions } from './sessions.ts';
import { setUp, showSetUp } from './set-up.ts';
import { askRemove, remove, renewCodes, showTwoStep } from './two-step.ts';

/** Changes that one account may make in an hour: a stolen session must not fill mailboxes and trails. */
const changes = { limit: 60, window: 3600 };
/** Seconds in which all that the flow asks must have been shown before something is changed that lets people in. */
const fresh = 600;

/**
 * Pages where people look after their own account (pages B04 to B07, B12, B14; rows CAK-5, CAK-7 to CAK-9), without a prefix. What
 * stands before it has checked session, admission and CSRF token, and set `ctx.state.person`, `.session` and `.language`.
 * Everything is looked for by that person's account alone: no address names anybody.
 */
export function accountRoutes(context: AccountContext): Router {
  const router = new Router();
  const recently = requireFresh(context.host, context.portal, fresh);
  router.use(limited(context));
  router.get('/', (ctx) => showHome(context, ctx));
  router.get('/details', (ctx) => showDetails(context, ctx));
  router.post('/details', (ctx) => saveDetails(context, ctx));
  router.post('/language', (ctx) => saveLanguage(context, ctx));
  router.get('/details/email', recently, (ctx) => showEmail(context, ctx));
  router.post('/details/email', recently, (ctx) => changeEmail(context, ctx));
  router.get('/my-organisation', (ctx) => showMyOrganisation(context, ctx));
  router.get('/sessions', (ctx) => showSessions(context, ctx));
  router.post('/sessions/end', (ctx) => endOne(context, ctx));
  router.post('/sessions/end-all', (ctx) => endAll(context, ctx));
  router.get('/password', offered(context, 'password'), orWithFactor(context, recently), (ctx) => showPassword(context, ctx));
  router.post('/password', offered(context, 'password'), orWithFactor(context, recently), (ctx) => savePassword(context, ctx));
  router.get('/questions', offered(context, 'questions'), recently, (ctx) => showQuestions(context, ctx));
  router.post('/questions', offered(context, 'questions'), recently, (ctx) => saveQuestions(context, ctx));
  router.use('/two-step', offered(context, 'twoStep'), recently, twoStepRoutes(context).routes());
  router.get('/history', (ctx) => showHistory(context, ctx));
  return router;
}

function twoStepRoutes(context: AccountContext): Router {
  const router = new Router();
  router.get('/', (ctx) => showTwoStep(context, ctx));
  router.get('/set-up', (ctx) => showSetUp(context, ctx));
  router.post('/set-up', (ctx) => setUp(context, ctx));
  router.get('/remove', (ctx) => askRemove(context, ctx));
  router.post('/remove', (ctx) => remove(context, ctx));
  router.get('/name', (ctx) => showPasskeyName(context, ctx));
  router.post('/name', (ctx) => savePasskeyName(context, ctx));
  router.post('/codes', (ctx) => renewCodes(context, ctx));
  // who had to log in again comes back here without the form
  router.get('/codes', (ctx) => seeOther(ctx, accountUrl(context, 'two-step')));
  return router;
}

/** A page that is not for this account is not there. */
function offered(context: AccountContext, page: keyof Offer): Middleware {
  return async (ctx, next) => ((await offerTo(context, ctx))[page] ? next() : ctx.throw(404));
}

/** The present password is asked on the form itself: who has no second factor shows nothing more by logging in again. */
function orWithFactor(context: AccountContext, recently: Middleware): Middleware {
  return async (ctx, next) => ((await credentials(context, ctx))?.factors.length ? recently(ctx, next) : next());
}

function limited({ host, portal }: AccountContext): Middleware {
  return async (ctx, next) => {
    if (ctx.method === 'GET' || ctx.method === 'HEAD') return next();
    const { allowed, retryAfter } = await takeTry(host.database.db, `account:${personOf(ctx).accountId}`, changes, host.clock());
    if (allowed) return next();
    ctx.set('Retry-After', String(retryAfter));
    return renderProblem(ctx, host, 429, 'too_many', { portal, language: languageOf(ctx) });
  };
}

async function showHome(context: AccountContext, ctx: Context): Promise<void> {
  const { displayName, email } = personOf(ctx);
  const own = await ownOrganisation(context, ctx);
  await context.render(ctx, 'account/home', {
    title: translate(context, ctx)('account.home.title'),
    page: { name: displayName, email, organisation: own?.organisation.name, offer: await offerTo(context, ctx) },
  });
}
