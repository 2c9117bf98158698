import type { Context } from 'koa';
import type { Realm } from '../config/schema.ts';
import type { Viewer } from '../flow/turn.ts';

const year = 365 * 86_400_000;

/** The browser before us: its address, its language, what it was asked to remember. */
export function viewerOf(ctx: Context, realm: Realm, asked?: string): Viewer {
  const [broker, browser] = [ctx.cookies.get(brokerCookie(realm)), ctx.cookies.get(browserCookie(realm))];
  return { address: ctx.state['address'] as string, language: languageOf(ctx, realm, asked), remembered: { ...(broker && { broker }), ...(browser && { browser }) } };
}

/** `?lang=` (kept in a cookie), the cookie, what the portal asked, Accept-Language, the realm's first language. */
export function languageOf(ctx: Context, realm: Realm, asked?: string): string {
  const known = (language: string | undefined): string | undefined => realm.languages.find((l) => l === language?.toLowerCase().split('-')[0]);
  const chosen = known(typeof ctx.query['lang'] === 'string' ? ctx.query['lang'] : undefined);
  if (chosen && chosen !== ctx.cookies.get(languageCookie(realm))) keep(ctx, realm, languageCookie(realm), chosen);
  const accepted = ctx.acceptsLanguages(realm.languages);
  return chosen ?? known(ctx.cookies.get(languageCookie(realm))) ?? known(asked)
    ?? (typeof accepted === 'string' ? accepted : undefined) ?? realm.languages[0] ?? 'nl';
}

/** Remembers the broker chosen (row IB-2), or forgets it. */
export function rememberBroker(ctx: Context, realm: Realm, broker: string | undefined): void {
  keep(ctx, realm, brokerCookie(realm), broker ?? '', broker === undefined ? 0 : year);
}

/** Lets the browser keep that somebody logged in with it (domain/known-browser.ts). */
export function rememberBrowser(ctx: Context, realm: Realm, mark: string): void {
  keep(ctx, realm, browserCookie(realm), mark);
}

function keep(ctx: Context, realm: Realm, name: string, value: string, maxAge = year): void {
  ctx.cookies.set(name, value, { path: new URL(realm.issuer).pathname, httpOnly: true, sameSite: 'lax', maxAge, overwrite: true });
}

const languageCookie = (realm: Realm): string => `sluis_${realm.id}_lang`;
const browserCookie = (realm: Realm): string => `sluis_${realm.id}_browser`;
const brokerCookie = (realm: Realm): string => `sluis_${realm.id}_broker`;

/** The same page in another language; what else the address says stays. */
export function languageHref(ctx: Context): (language: string) => string {
  // the provider is mounted below the realm and sees less of the address than the browser does
  const { originalUrl = ctx.originalUrl } = ctx.req as { originalUrl?: string };
  const { pathname, searchParams } = new URL(`http://here${originalUrl}`);
  // two slashes in front would name another host
  const path = pathname.replace(/^\/+/, '/');
  return (language) => {
    searchParams.set('lang', language);
    return `${path}?${searchParams.toString()}`;
  };
}
