import type { Context } from 'koa';
import type { Portal } from '../config/schema.ts';
import { portalOfClient } from '../oidc/clients.ts';
import type { ProviderPages } from '../oidc/provider.ts';
import { RETRY_AFTER } from '../store/unavailable.ts';
import { textsFor } from '../texts/catalogue.ts';
import { allowForms, originOf } from './headers.ts';
import type { RealmHost } from './realm.ts';
import type { ViewLocals } from './render.ts';
import { languageHref, languageOf } from './viewer.ts';

type Host = Pick<RealmHost, 'realm' | 'renderer' | 'log'>;
type Locals = Partial<ViewLocals> & ({ titleKey: string; titleParams?: Record<string, string | number> } | { title: string; titleKey?: never; titleParams?: never });

/** Renders a page of the realm in the browser's language. */
export async function renderPage(ctx: Context, host: Host, view: string, { titleKey, titleParams, ...locals }: Locals): Promise<void> {
  const language = locals.language ?? languageOf(ctx, host.realm);
  ctx.type = 'text/html; charset=utf-8';
  ctx.body = await host.renderer.render(view, {
    realm: host.realm, language, title: titleKey === undefined ? '' : textsFor(host.realm).t(language)(titleKey, titleParams), languageHref: languageHref(ctx), ...locals,
  });
}

/**
 * The page for what cannot go on. `code` is stable: it is the text key, the `data-end` and what the desk searches for,
 * together with the reference, which is in the log.
 */
export async function renderProblem(ctx: Context, host: Host, status: number, code: string, extra: { portal?: Portal; backHref?: string; language?: string } = {}): Promise<void> {
  const reference = ctx.state['reference'] as string;
  host.log.warn({ reference, code, status }, 'problem page');
  ctx.status = status;
  if (status === 503) ctx.set('Retry-After', String(RETRY_AFTER));
  await renderPage(ctx, host, 'error', {
    titleKey: `error.${code}.title`,
    ...(extra.portal && { portal: extra.portal }), ...(extra.language && { language: extra.language }),
    page: { code, reference, portalUrl: extra.portal?.url, backHref: extra.backHref ?? (status === 503 ? here(ctx) : undefined) },
  });
}

/** A page that could not be shown now may be asked for again; a form may not. */
function here(ctx: Context): string | undefined {
  // the provider is mounted below the realm and sees less of the address than the browser does
  const { originalUrl = ctx.originalUrl } = ctx.req as { originalUrl?: string };
  // two slashes in front would name another host
  return ctx.method === 'GET' ? originalUrl.replace(/^\/+/, '/') : undefined;
}

/** Our pages in place of the provider's own. */
export function providerPages(host: Host): ProviderPages {
  return {
    async error(ctx, { error }) {
      const portal = portalOfClient(host.realm, ctx.oidc?.client);
      await renderProblem(ctx, host, ctx.status, knownErrors.has(error) ? error : 'invalid_request', portal ? { portal } : {});
    },
    async logout(ctx, form) {
      const back = (ctx.oidc.params ?? {})['post_logout_redirect_uri'];
      allowForms(ctx, originOf(typeof back === 'string' ? back : undefined));
      const portal = portalOfClient(host.realm, ctx.oidc.client);
      await renderPage(ctx, host, 'logout', { titleKey: 'logout.title', ...(portal && { portal }), page: { form, portalUrl: portal?.url } });
    },
    async loggedOut(ctx, { what, sessions }) {
      const portal = portalOfClient(host.realm, ctx.oidc.client);
      await renderPage(ctx, host, 'logged-out', {
        titleKey: what === 'portal' || what === 'nothing' ? `logged-out.${what}.title` : 'logged-out.title', titleParams: { portal: portal?.name ?? '' },
        ...(portal && { portal }), page: { portalUrl: portal?.url, ended: what, sessions },
      });
    },
  };
}

/** Errors of the provider that have a page text of their own. */
const knownErrors = new Set(['invalid_request', 'invalid_client', 'invalid_redirect_uri', 'invalid_scope', 'session_not_found', 'server_error', 'temporarily_unavailable']);
