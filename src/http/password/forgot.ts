import type { Context } from 'koa';
import { nameProblems, readNames } from '../../domain/login-names.ts';
import { askPasswordLink } from '../../domain/passwords/link.ts';
import { spanOf } from '../../domain/passwords/span.ts';
import { seeOther } from '../admin/context.ts';
import { fieldsOf } from '../csrf.ts';
import { renderPage, renderProblem } from '../pages.ts';
import type { RealmHost } from '../realm.ts';
import { formHolds, formToken, pageUrl, portalNamed, refused, type Failure } from './form.ts';

const PAGE = 'forgot';

/** 'Nieuw wachtwoord aanvragen' (page B01). */
export async function showForgot(ctx: Context, host: RealmHost, failures: Failure[] = [], values: Record<string, string> = {}): Promise<void> {
  const portal = portalNamed(host, values['portal'] ?? ctx.query['portal']);
  await renderPage(ctx, host, 'password/forgot', {
    titleKey: 'forgot.title', ...(portal && { portal }), ...refused(ctx, host, failures), values,
    action: pageUrl(host, 'password/forgot', undefined), csrf: formToken(ctx, host, PAGE), page: { identifiers: host.realm.login.identifiers },
  });
}

/** Whatever names were typed, the answer is the same page. */
export async function askLink(ctx: Context, host: RealmHost): Promise<void> {
  const { csrf, ...fields } = fieldsOf(ctx);
  const portal = portalNamed(host, fields['portal']);
  if (!formHolds(ctx, host, PAGE, csrf)) return renderProblem(ctx, host, 403, 'csrf', { ...(portal && { portal }), backHref: pageUrl(host, 'password/forgot', portal) });
  const { database, realm, vault, clock } = host;
  const problems = nameProblems(realm, fields);
  if (problems.length > 0) return showForgot(ctx, host, problems, fields);
  await askPasswordLink({ database, realm, vault, now: clock() }, { names: readNames(realm, fields), address: ctx.state['address'] as string, ...(portal && { portal: portal.id }) });
  seeOther(ctx, pageUrl(host, 'password/asked', portal));
}

/** What comes next (page B02). */
export async function showAsked(ctx: Context, host: RealmHost): Promise<void> {
  const portal = portalNamed(host, ctx.query['portal']);
  await renderPage(ctx, host, 'password/asked', {
    titleKey: 'forgot.asked.title', ...(portal && { portal }),
    page: { ...spanOf(host.realm.ttl.password_link), againHref: pageUrl(host, 'password/forgot', portal) },
  });
}
