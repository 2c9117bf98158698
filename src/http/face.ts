import { randomBytes } from 'node:crypto';
import Router from '@koa/router';
import type { Context, Middleware } from 'koa';
import { networkAllows } from '../config/networks.ts';
import type { Portal } from '../config/schema.ts';
import { keepAlive, liveSession } from '../domain/sessions.ts';
import { loadState } from '../domain/state.ts';
import { takeTry } from '../domain/throttle.ts';
import { challengeOf, redeemFaceCode } from '../oidc/face-code.ts';
import { faceClientId } from '../oidc/clients.ts';
import { appendAudit } from '../store/audit.ts';
import { noteActor } from '../store/audit-context.ts';
import { findGrant } from '../store/grants.ts';
import { endFaceSession, faceSessionHash, findFaceSession, insertFaceSession, type SessionRow } from '../store/sessions.ts';
import { issueTicket, redeemTicket } from '../store/tickets.ts';
import { csrfHolds, csrfToken, fieldsOf } from './csrf.ts';
import { renderProblem } from './pages.ts';
import type { RealmHost } from './realm.ts';
import { languageOf } from './viewer.ts';

/** Who uses the administration: set for every route behind it, loaded fresh at each request. */
export type AdminState = { accountId: string; organisationId: string; membershipId: string; displayName: string };
type Entrance = { admin: AdminState; session: SessionRow };

const STATE = 'face.state';
/** Logins that one address may begin; a whole organisation shares one. */
const starts = { limit: 300, window: 300 };
/** seconds for a login on the way to the administration */
const stateTtl = 3600;

/**
 * Our own administration signs in through the realm's own flow, as a first-party client: level, agreements and tier are
 * asked by its portal's flow. The code is redeemed inside the process.
 */
export function faceRoutes(host: RealmHost, portal: Portal): Router {
  const router = new Router();
  router.get('/callback', (ctx) => callback(ctx, host, portal));
  router.post('/logout', (ctx) => logout(ctx, host, portal));
  return router;
}

/** Lets only an active administrator through, with a live session, and checks the token of every post. */
export function requireAdmin(host: RealmHost, portal: Portal): Middleware {
  return async (ctx, next) => {
    const cookie = ctx.cookies.get(cookieName(host, portal));
    // the browser comes here itself, so where it is counts at each request; the flow says so on a page of its own
    const here = networkAllows(portal.networks, ctx.state['address'] as string);
    const entrance = cookie === undefined || !here ? undefined : await entranceOf(host, faceSessionHash(cookie));
    if (!cookie || !entrance) return ctx.method === 'GET' ? begin(ctx, host, portal) : renderProblem(ctx, host, 401, 'session_not_found', { portal });
    const language = languageOf(ctx, host.realm);
    if (ctx.method !== 'GET' && ctx.method !== 'HEAD' && !csrfHolds(host.keys.secret, cookie, fieldsOf(ctx)['csrf'])) {
      return renderProblem(ctx, host, 403, 'csrf', { portal, language });
    }
    Object.assign(ctx.state, { ...entrance, language, csrf: csrfToken(host.keys.secret, cookie) });
    return next();
  };
}

/** The session must live, also the Sluis session and the grant behind it, and the person still be an administrator: a removed role counts at once. */
async function entranceOf(host: RealmHost, hash: string): Promise<Entrance | undefined> {
  const { database, realm } = host;
  const now = host.clock();
  const face = await findFaceSession(database.db, hash);
  if (!face || face.expires_at <= now) return undefined;
  const session = await liveSession(database.db, realm, face.session_id, now);
  // who left the administration at the provider has no grant any more
  const grant = session && await findGrant(database.db, face.grant_id);
  if (!session || !grant) return undefined;
  const { account, membership, organisation } = await loadState(database.db, realm, { accountId: face.account_id, organisationId: face.organisation_id, now });
  if (!account?.active || membership?.status !== 'active' || membership.tier !== 'administrator' || organisation?.missingAgreements.length !== 0) return undefined;
  const last_active_at = await keepAlive(database.db, session, now);
  noteActor({ accountId: account.id, sessionId: face.session_id, actingFor: face.organisation_id, ...(grant.acr && { acr: grant.acr }) });
  return {
    admin: { accountId: account.id, organisationId: face.organisation_id, membershipId: membership.id, displayName: account.displayName },
    session: { ...session, last_active_at },
  };
}

async function begin(ctx: Context, host: RealmHost, portal: Portal): Promise<void> {
  const address = ctx.state['address'] as string;
  if (!(await takeTry(host.database.db, `face@${address}`, starts, host.clock())).allowed) return renderProblem(ctx, host, 429, 'invalid_request', { portal });
  // tabs of one browser share it: the second must not undo the first one's login
  const binding = ctx.cookies.get(`${cookieName(host, portal)}_state`) ?? randomBytes(16).toString('base64url');
  const base = new URL(host.realm.issuer).pathname;
  const verifier = randomBytes(32).toString('base64url');
  const state = await issueTicket(host.database.db, {
    kind: STATE, runId: null, payload: { binding, to: `${base}${ctx.path}`, verifier }, ttl: stateTtl, now: host.clock(),
  });
  setCookie(ctx, host, `${cookieName(host, portal)}_state`, binding, stateTtl);
  const url = new URL(`${host.realm.issuer}/auth`);
  url.search = new URLSearchParams({
    client_id: faceClientId(portal), response_type: 'code', scope: 'openid', state, redirect_uri: `${host.realm.issuer}/admin/callback`,
    nonce: randomBytes(16).toString('base64url'), code_challenge: challengeOf(verifier), code_challenge_method: 'S256',
  }).toString();
  ctx.status = 303;
  ctx.set('Location', url.href);
}

async function callback(ctx: Context, host: RealmHost, portal: Portal): Promise<void> {
  const { code, state } = ctx.query;
  const now = host.clock();
  const expected = typeof state === 'string' ? await redeemTicket<{ binding: string; to: string; verifier: string }>(host.database.db, STATE, state, now) : undefined;
  // the answer must come back to the browser that asked
  if (!expected || expected.payload.binding !== ctx.cookies.get(`${cookieName(host, portal)}_state`)) return renderProblem(ctx, host, 400, 'ticket', { portal });
  const login = typeof code === 'string' ? await redeemFaceCode(host.provider, { code, verifier: expected.payload.verifier }, faceClientId(portal), host.database) : undefined;
  if (!login) return renderProblem(ctx, host, 403, 'access_denied', { portal });
  const cookie = randomBytes(32).toString('base64url');
  await host.database.transaction(async (tx) => {
    await insertFaceSession(tx, {
      hash: faceSessionHash(cookie), face: 'admin', account_id: login.accountId, organisation_id: login.organisationId,
      session_id: login.sessionId, grant_id: login.grantId, created_at: now, last_active_at: now, expires_at: now + host.realm.ttl.session,
    });
    const acr = (await findGrant(tx, login.grantId))?.acr;
    await appendAudit(tx, {
      event: 'admin.entered', action: 'E', outcome: 'success', actor: { kind: 'person', id: login.accountId }, organisationId: login.organisationId, now,
      sessionId: login.sessionId, actingFor: login.organisationId, ...(acr && { acr }),
    });
  });
  setCookie(ctx, host, cookieName(host, portal), cookie, undefined);
  ctx.status = 303;
  ctx.set('Location', expected.payload.to);
}

/** Leaves the administration and asks the provider to end the whole session. */
async function logout(ctx: Context, host: RealmHost, portal: Portal): Promise<void> {
  const cookie = ctx.cookies.get(cookieName(host, portal));
  if (cookie !== undefined) {
    if (!csrfHolds(host.keys.secret, cookie, fieldsOf(ctx)['csrf'])) return renderProblem(ctx, host, 403, 'csrf', { portal });
    await endFaceSession(host.database.db, faceSessionHash(cookie));
  }
  setCookie(ctx, host, cookieName(host, portal), '', 0);
  ctx.status = 303;
  ctx.set('Location', `${host.realm.issuer}/session/end?client_id=${encodeURIComponent(faceClientId(portal))}`);
}

function cookieName(host: RealmHost, portal: Portal): string {
  return `sluis_${host.realm.id}_${portal.id}`;
}

function setCookie(ctx: Context, host: RealmHost, name: string, value: string, ttl: number | undefined): void {
  ctx.cookies.set(name, value, {
    path: `${new URL(host.realm.issuer).pathname}/admin`, httpOnly: true, sameSite: 'lax', overwrite: true, secure: ctx.secure,
    ...(ttl !== undefined && { maxAge: ttl * 1000 }),
  });
}
