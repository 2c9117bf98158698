import type { Context } from 'koa';
import { choosePasswordByLink, findPasswordLink, portalOfLink } from '../../domain/passwords/link.ts';
import { newPasswordPage } from '../../domain/passwords/page.ts';
import { takeTry } from '../../domain/throttle.ts';
import { seeOther } from '../admin/context.ts';
import { fieldsOf } from '../csrf.ts';
import { renderPage, renderProblem } from '../pages.ts';
import type { RealmHost } from '../realm.ts';
import { formHolds, formToken, pageUrl, pathOf, portalNamed, refused, type Failure } from './form.ts';

/** Forms that one address may send in a quarter of an hour: a handle cannot be guessed, but trying costs us a question each. */
const perAddress = { limit: 200, window: 900 };

/** The page behind a mailed link (page B04). Looking at it, however often and by whatever program, uses nothing up. */
export async function showLink(ctx: Context, host: RealmHost, failures: Failure[] = []): Promise<void> {
  const { database: { db }, realm, clock } = host;
  const handle = handleOf(ctx);
  ctx.set('X-Robots-Tag', 'noindex');
  const link = await findPasswordLink({ db, realm, now: clock() }, handle);
  if (!link) return showDead(ctx, host);
  const portal = portalNamed(host, link.portal);
  await renderPage(ctx, host, 'password/link', {
    titleKey: 'new-password.title', ...(portal && { portal }), ...refused(ctx, host, failures),
    action: `${pathOf(host)}/password/link/${handle}`, csrf: formToken(ctx, host, `link:${handle}`), page: await newPasswordPage(db, realm, link.accountId),
  });
}

export async function chooseByLink(ctx: Context, host: RealmHost): Promise<void> {
  const { database, realm, clock } = host;
  const [handle, { csrf, new_password: chosen = '' }] = [handleOf(ctx), fieldsOf(ctx)];
  if (!formHolds(ctx, host, `link:${handle}`, csrf)) return renderProblem(ctx, host, 403, 'csrf', { backHref: `${pathOf(host)}/password/link/${encodeURIComponent(handle)}` });
  const { allowed, retryAfter } = await takeTry(database.db, `password-link-used@${ctx.state['address'] as string}`, perAddress, clock());
  if (!allowed) return showLink(ctx, host, [{ code: 'new-password.wait', params: { minutes: Math.ceil(retryAfter / 60) } }]);
  const outcome = await choosePasswordByLink({ database, realm, now: clock() }, { handle, chosen });
  if (outcome.kind === 'gone') return showDead(ctx, host);
  if (outcome.kind === 'refused') return showLink(ctx, host, outcome.problems.map((problem) => ({ field: 'new_password', ...problem })));
  seeOther(ctx, pageUrl(host, 'password/done', portalNamed(host, outcome.portal)));
}

/** 'De link is verlopen' (page B03): used, too old, or overtaken by what happened to the account. */
async function showDead(ctx: Context, host: RealmHost): Promise<void> {
  const portal = portalNamed(host, await portalOfLink(host.database.db, handleOf(ctx)));
  ctx.status = 410;
  await renderPage(ctx, host, 'password/expired', { titleKey: 'password-link.expired.title', ...(portal && { portal }), page: { againHref: pageUrl(host, 'password/forgot', portal) } });
}

/** The new password is there; the way on is by the portal, with a login of its own. */
export async function showDone(ctx: Context, host: RealmHost): Promise<void> {
  const portal = portalNamed(host, ctx.query['portal']);
  await renderPage(ctx, host, 'password/done', { titleKey: 'password-link.done.title', ...(portal && { portal }), page: {} });
}

function handleOf(ctx: Context): string {
  return (ctx['params'] as { handle: string }).handle;
}
