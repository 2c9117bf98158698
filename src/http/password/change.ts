import type { Context } from 'koa';
import { nameProblems, readNames } from '../../domain/login-names.ts';
import { changeAtLogin } from '../../domain/passwords/at-login.ts';
import { rulesOf } from '../../domain/passwords/policy.ts';
import { seeOther } from '../admin/context.ts';
import { fieldsOf } from '../csrf.ts';
import { renderPage, renderProblem } from '../pages.ts';
import type { RealmHost } from '../realm.ts';
import { viewerOf } from '../viewer.ts';
import { formHolds, formToken, pageUrl, pathOf, portalNamed, refused, type Failure } from './form.ts';

const PAGE = 'change';

/** 'Wachtwoord wijzigen' at the door (row CIZ-16): by who knows the present one, without logging in further. */
export async function showChange(ctx: Context, host: RealmHost, failures: Failure[] = [], values: Record<string, string> = {}): Promise<void> {
  const portal = portalNamed(host, values['portal'] ?? ctx.query['portal']);
  const { login: { identifiers }, password } = host.realm;
  await renderPage(ctx, host, 'password/change', {
    titleKey: 'password-change.title', ...(portal && { portal }), ...refused(ctx, host, failures), values,
    action: pageUrl(host, 'password/change', undefined), csrf: formToken(ctx, host, PAGE), page: { identifiers, rules: rulesOf(password), username: '' },
  });
}

export async function changePassword(ctx: Context, host: RealmHost): Promise<void> {
  const { csrf, current_password: current = '', new_password: chosen = '', ...fields } = fieldsOf(ctx);
  const portal = portalNamed(host, fields['portal']);
  if (!formHolds(ctx, host, PAGE, csrf)) return renderProblem(ctx, host, 403, 'csrf', { ...(portal && { portal }), backHref: pageUrl(host, 'password/change', portal) });
  const { database, realm, vault, clock } = host;
  const problems = nameProblems(realm, fields);
  if (problems.length > 0) return showChange(ctx, host, problems, fields);
  const { address, remembered: { browser } } = viewerOf(ctx, realm);
  const outcome = await changeAtLogin({ database, realm, vault, now: clock() }, { names: readNames(realm, fields), current, chosen, address, ...(browser !== undefined && { browser }) });
  if (outcome.kind === 'refused') return showChange(ctx, host, outcome.problems, fields);
  if (outcome.kind === 'done') return seeOther(ctx, pageUrl(host, 'password/done', portal));
  ctx.status = 403;
  const own = realm.portals.some(({ first_party: face }) => face === 'account');
  return renderPage(ctx, host, 'password/two-steps', { titleKey: 'password-change.two-steps.title', ...(portal && { portal }), page: { accountHref: own ? `${pathOf(host)}/account/password` : undefined } });
}
