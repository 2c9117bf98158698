import Router from '@koa/router';
import type { Context } from 'koa';
import type { Portal } from '../config/schema.ts';
import { endsAt, endsBy } from '../domain/sessions.ts';
import { faceClientId } from '../oidc/clients.ts';
import { sessionOfBrowser } from '../oidc/session.ts';
import { touchSession, type SessionRow } from '../store/sessions.ts';
import { csrfHolds, csrfToken, fieldsOf } from './csrf.ts';
import { allowOwnCalls } from './headers.ts';
import { renderPage, renderProblem } from './pages.ts';
import type { RealmHost } from './realm.ts';

/** What a page needs to warn in time (row IB-9); times are epoch seconds. */
export type SessionNotice = {
  now: number; endsAt: number; warnAt: number; because: 'idle' | 'expired';
  /** of the form that extends, beside the page's own forms */
  token: string; statusHref: string; extendHref: string; logoutHref: string;
  /** page A20: where the warning is without script, and what came of it afterwards */
  pageHref: string;
  /** the page to come back to, when it can be asked for again */
  to: string;
  /** the page is the warning itself, and needs none beside it */
  pageOnly: boolean;
};

/** Seconds of warning; half of what there is when sessions are very short. */
const warning = 120;

/**
 * The end of the session of this browser: page A20, and what a page with a script asks. A browser without a session learns
 * the same as one whose session is over: that there is none.
 */
export function sessionRoutes(host: RealmHost): Router {
  const router = new Router();
  router.get('/session', (ctx) => show(ctx, host));
  router.get('/session/status', async (ctx) => tell(ctx, host, await sessionOfBrowser(host.provider, ctx, host)));
  router.post('/session/extend', (ctx) => extend(ctx, host));
  return router;
}

/** The warning for a page of ours behind a session; its script may ask us how long there is left. */
export function noticeFor(ctx: Context, host: RealmHost, session: SessionRow, portal: Portal): SessionNotice {
  const base = basePath(host);
  return notice(ctx, host, session, { portal, to: ctx.method === 'GET' ? `${base}${ctx.path}` : `${base}/${portal.first_party ?? ''}/` });
}

function notice(ctx: Context, host: RealmHost, session: SessionRow, { to, portal }: WayBack, pageOnly = false): SessionNotice {
  const base = basePath(host);
  allowOwnCalls(ctx);
  return {
    now: host.clock(), ...endOf(host, session), token: csrfToken(host.keys.secret, subjectOf(session)),
    statusHref: `${base}/session/status`, extendHref: `${base}/session/extend`,
    logoutHref: `${base}/session/end${portal ? `?client_id=${encodeURIComponent(faceClientId(portal))}` : ''}`,
    pageHref: pageHref(host, to), to, pageOnly,
  };
}

function endOf({ realm }: RealmHost, session: SessionRow): Pick<SessionNotice, 'endsAt' | 'warnAt' | 'because'> {
  const end = endsAt(realm, session);
  return { endsAt: end, warnAt: end - Math.min(warning, Math.floor(realm.ttl.idle / 2)), because: endsBy(realm, session) };
}

async function show(ctx: Context, host: RealmHost): Promise<void> {
  const session = await sessionOfBrowser(host.provider, ctx, host);
  const back = wayBack(host, ctx.query['to']);
  const { because } = ctx.query;
  const reason = because === 'idle' || because === 'expired' ? because : 'none';
  // without script a page leads here in time, also when work elsewhere has moved the end
  const inTime = session && host.clock() < endOf(host, session).warnAt ? 'active' : 'warning';
  const state = session ? inTime : reason;
  await renderPage(ctx, host, 'session', {
    titleKey: `session.${state}.title`, titleParams: spans(host), ...(back.portal && { portal: back.portal }),
    ...(session && { session: notice(ctx, host, session, back, true) }),
    page: { state, spans: spans(host), loginHref: back.to || `${basePath(host)}/` },
  });
}

/** Never activity: a page that is merely open asks too. */
function tell(ctx: Context, host: RealmHost, session: SessionRow | undefined): void {
  const end = session && endOf(host, session);
  ctx.body = { ends_at: end?.endsAt ?? null, warn_at: end?.warnAt ?? null, because: end?.because ?? null, now: host.clock() };
}

/** The person says to be there. A script gets the new end, a form goes back to where it came from. */
async function extend(ctx: Context, host: RealmHost): Promise<void> {
  const fields = fieldsOf(ctx);
  const session = await sessionOfBrowser(host.provider, ctx, host);
  const script = ctx.accepts('html', 'json') === 'json';
  const { to } = wayBack(host, fields['to']);
  if (session && !csrfHolds(host.keys.secret, subjectOf(session), fields['token'])) return renderProblem(ctx, host, 403, 'csrf');
  const now = host.clock();
  if (session) await touchSession(host.database.db, session.id, now);
  if (script) return tell(ctx, host, session && { ...session, last_active_at: Math.max(now, session.last_active_at) });
  ctx.status = 303;
  ctx.set('Location', session && to ? to : `${pageHref(host, to)}${session ? '' : '&because=idle'}`);
}

type WayBack = { to: string; portal?: Portal };

function pageHref(host: RealmHost, to: string): string {
  return `${basePath(host)}/session?${new URLSearchParams({ to }).toString()}`;
}

/** Only to pages of ours behind a session, and to nothing else of the realm: the address comes from a link. */
function wayBack(host: RealmHost, asked: unknown): WayBack {
  const path = typeof asked === 'string' && URL.canParse(asked, host.realm.issuer) ? new URL(asked, host.realm.issuer) : undefined;
  const portal = host.realm.portals.find(({ first_party }) => first_party && path?.pathname.startsWith(`${basePath(host)}/${first_party}/`));
  return path && portal && path.origin === new URL(host.realm.issuer).origin ? { to: `${path.pathname}${path.search}`, portal } : { to: '' };
}

function spans({ realm: { ttl } }: RealmHost): { minutes: number; hours: number } {
  return { minutes: Math.round(ttl.idle / 60), hours: Math.round(ttl.session / 3600) };
}

function subjectOf({ id }: SessionRow): string {
  return `session:${id}`;
}

function basePath({ realm }: RealmHost): string {
  return new URL(realm.issuer).pathname.replace(/\/$/, '');
}
