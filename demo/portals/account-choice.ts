import { bodyParser } from '@koa/bodyparser';
import type { Router } from '@koa/router';
import type { Context } from 'koa';
import { html } from '../html.ts';
import type { Account, User } from './claims.ts';
import { numberLabel } from './claims.ts';
import { cookieOf, seeOther } from './http.ts';
import type { Site } from './layout.ts';
import { layout } from './layout.ts';
import type { Parts } from './portal.ts';
import type { Session } from './sessions.ts';

const forms = bodyParser({ enableTypes: ['form'], formLimit: '16kb' });

/** Somebody with several AGB codes in one application chooses there for which of them they work (page A19, row CAK-13). */
export function accountRoutes(router: Router, parts: Parts): void {
  const path = `/${parts.site.portal.id}/account`;
  const chosen = async (ctx: Context, page: (session: Session) => void): Promise<void> => {
    const session = await parts.sessions.active(cookieOf(ctx, parts, 'session'));
    if (session) page(session);
    else seeOther(ctx, `${parts.site.base}/`);
  };
  router.get(path, (ctx) => chosen(ctx, (session) => { ctx.body = choicePage(parts.site, session.user, accountOf(parts.site, session)); }));
  router.post(path, forms, (ctx) => chosen(ctx, (session) => {
    const { account } = (ctx.request.body ?? {}) as { account?: unknown };
    const found = accountsOf(parts.site, session.user).find(({ value }) => value === account);
    if (!found) {
      ctx.status = 422;
      ctx.body = choicePage(parts.site, session.user, undefined, true);
      return;
    }
    session.account = found.value;
    seeOther(ctx, `${parts.site.base}/dashboard`);
  }));
}

/** What the token says of this application. */
export function accountsOf({ portal }: Site, { accounts }: User): Account[] {
  return portal.accountsOf === undefined ? [] : accounts[portal.accountsOf] ?? [];
}

/** The one that was chosen, as long as the token has it; the only one when there is no choice. */
export function accountOf(site: Site, { user, account }: Pick<Session, 'user' | 'account'>): Account | undefined {
  const accounts = accountsOf(site, user);
  return accounts.length === 1 ? accounts[0] : accounts.find(({ value }) => value === account);
}

/** Several, and none chosen yet: nothing can be done before. */
export function mustChoose(site: Site, session: Session): boolean {
  return accountsOf(site, session.user).length > 1 && accountOf(site, session) === undefined;
}

function choicePage(site: Site, user: User, chosen: Account | undefined, missing = false): string {
  const choices = accountsOf(site, user).map(({ type, value }) => html`<div><input type="radio" name="account" id="account-${value}" value="${value}" ${value === chosen?.value && html`checked`}>
    <label for="account-${value}">${numberLabel(type)} ${value}</label></div>`);
  return layout(site, user, 'Account kiezen', html`<h1 id="choose">Voor welk account wilt u werken?</h1>
    ${missing && html`<p class="notice" role="alert" data-problem="account.required" id="missing">Kies een van de accounts.</p>`}
    <form method="post" action="${site.base}/account" data-step="account"><div role="radiogroup" aria-labelledby="choose" class="choices">${choices}</div><button>Verder</button></form>`, { current: 'account' });
}
