import { randomBytes } from 'node:crypto';
import Router from '@koa/router';
import type { Context, Middleware } from 'koa';
import { networkAllows } from '../config/networks.ts';
import type { Portal } from '../config/schema.ts';
import { keepAlive, liveSession } from '../domain/sessions.ts';
import { takeTry } from '../domain/throttle.ts';
import { challengeOf, redeemFaceCode, type FaceLogin } from '../oidc/face-code.ts';
import { faceClientId } from '../oidc/clients.ts';
import { appendAudit } from '../store/audit.ts';
import { noteActor } from '../store/audit-context.ts';
import { findGrant } from '../store/grants.ts';
import { endFaceSession, faceSessionHash, findFaceSession, insertFaceSession, type SessionRow } from '../store/sessions.ts';
import { issueTicket, redeemTicket } from '../store/tickets.ts';
import { csrfHolds, csrfToken, fieldsOf } from './csrf.ts';
import { doors, hasSeveral, isFresh, type AdminState, type Face, type PersonState } from './face-doors.ts';
import { renderProblem } from './pages.ts';
import type { RealmHost } from './realm.ts';
import { languageOf } from './viewer.ts';

/** A portal that is one of our own faces. */
export type FacePortal = Portal & { first_party: Face };

type Entrance = { session: SessionRow } & ({ admin: AdminState } | { person: PersonState });

const STATE = 'face.state';
/** Logins that one address may begin; a whole organisation shares one. */
const starts = { limit: 300, window: 300 };
/** seconds for a login on the way to the face */
const stateTtl = 3600;

export function isFace(portal: Portal): portal is FacePortal {
  return portal.first_party !== undefined;
}

/**
 * Our own faces sign in through the realm's own flow, as first-party clients: level, agreements and tier are asked by
 * their portal's flow. The code is redeemed inside the process.
 */
export function faceRoutes(host: RealmHost, portal: FacePortal): Router {
  const router = new Router();
  router.get('/callback', (ctx) => callback(ctx, host, portal));
  router.post('/logout', (ctx) => logout(ctx, host, portal));
  router.get('/organisation', (ctx) => (host.engine.offersChoice(portal) ? begin(ctx, host, portal, { choose: true }) : ctx.throw(404)));
  return router;
}

/** Lets only through whom the face is for, with a live session, and checks the token of every post. */
export function requireFace(host: RealmHost, portal: FacePortal): Middleware {
  return async (ctx, next) => {
    const cookie = ctx.cookies.get(cookieName(host, portal));
    // the browser comes here itself, so where it is counts at each request; the flow says so on a page of its own
    const here = networkAllows(portal.networks, addressOf(ctx));
    const entrance = cookie === undefined || !here ? undefined : await entranceOf(host, portal, faceSessionHash(cookie), addressOf(ctx));
    if (!cookie || !entrance) return ctx.method === 'GET' ? begin(ctx, host, portal) : renderProblem(ctx, host, 401, 'session_not_found', { portal });
    const language = languageOf(ctx, host.realm);
    if (ctx.method !== 'GET' && ctx.method !== 'HEAD' && !csrfHolds(host.keys.secret, cookie, fieldsOf(ctx)['csrf'])) {
      return renderProblem(ctx, host, 403, 'csrf', { portal, language });
    }
    const several = await hasSeveral({ host, portal, session: entrance.session });
    Object.assign(ctx.state, { ...entrance, several, language, csrf: csrfToken(host.keys.secret, cookie) });
    return next();
  };
}

/**
 * For what must not be done by whoever finds a browser that is logged in: all that the flow asks must have been shown
 * within the last `seconds`. Else the browser logs in again (`max_age`), with the flow's own throttles and trail, and
 * comes back to this page; a form that comes too late is lost, and says nothing of what was in it.
 */
export function requireFresh(host: RealmHost, portal: FacePortal, seconds: number): Middleware {
  return async (ctx, next) => {
    const { session, admin } = ctx.state as Pick<Entrance, 'session'> & { admin?: AdminState };
    if (await isFresh({ host, portal, session, ...(admin && { organisationId: admin.organisationId }), address: addressOf(ctx), now: host.clock() }, seconds)) return next();
    return begin(ctx, host, portal, { maxAge: seconds });
  };
}

/** The session must live, also the Sluis session and the grant behind it, and the person still be let in. */
async function entranceOf(host: RealmHost, portal: FacePortal, hash: string, address: string): Promise<Entrance | undefined> {
  const { database, realm } = host;
  const now = host.clock();
  const face = await findFaceSession(database.db, hash);
  if (face?.face !== portal.first_party || face.expires_at <= now) return undefined;
  const session = await liveSession(database.db, realm, face.session_id, now);
  // who left this face at the provider has no grant any more
  const grant = session && await findGrant(database.db, face.grant_id);
  const admitted = grant && await doors[portal.first_party]({ host, portal, face, session, address, now });
  if (!admitted) return undefined;
  const last_active_at = await keepAlive(database.db, session, now);
  // the account pages are about whom the session acts for now, which another portal may have changed since they were opened
  const actingFor = 'admin' in admitted ? admitted.admin.organisationId : admitted.person.organisationId;
  noteActor({ accountId: face.account_id, sessionId: face.session_id, ...(actingFor !== undefined && { actingFor }), ...(grant.acr && { acr: grant.acr }) });
  return { ...admitted, session: { ...session, last_active_at } };
}

type Begin = { /** seconds: what was shown before them does not count */ maxAge?: number; /** for which organisation, anew */ choose?: true };
type Begun = { binding: string; to: string; verifier: string; choose?: true };

/** Where to come back to. A form that was sent is lost: its page has nothing to ask by. */
function placeOf({ method, path, search }: Context): string {
  return method === 'GET' ? `${path}${search}` : path;
}

async function begin(ctx: Context, host: RealmHost, portal: FacePortal, { maxAge, choose }: Begin = {}): Promise<void> {
  if (!(await takeTry(host.database.db, `face@${addressOf(ctx)}`, starts, host.clock())).allowed) return renderProblem(ctx, host, 429, 'invalid_request', { portal });
  // tabs of one browser share it: the second must not undo the first one's login
  const binding = ctx.cookies.get(`${cookieName(host, portal)}_state`) ?? randomBytes(16).toString('base64url');
  const base = new URL(host.realm.issuer).pathname;
  const verifier = randomBytes(32).toString('base64url');
  const state = await issueTicket(host.database.db, {
    kind: STATE, runId: null, payload: { binding, to: base + (choose ? `/${portal.first_party}/` : placeOf(ctx)), verifier, ...(choose && { choose }) } satisfies Begun, ttl: stateTtl, now: host.clock(),
  });
  setCookie(ctx, host, portal, '_state', binding, stateTtl);
  const url = new URL(`${host.realm.issuer}/auth`);
  url.search = new URLSearchParams({
    client_id: faceClientId(portal), response_type: 'code', scope: 'openid', state, redirect_uri: `${host.realm.issuer}/${portal.first_party}/callback`,
    nonce: randomBytes(16).toString('base64url'), code_challenge: challengeOf(verifier), code_challenge_method: 'S256',
    ...(maxAge !== undefined && { max_age: `${maxAge}` }), ...(choose && { prompt: 'select_account' }),
  }).toString();
  ctx.status = 303;
  ctx.set('Location', url.href);
}

async function callback(ctx: Context, host: RealmHost, portal: FacePortal): Promise<void> {
  const { code, state } = ctx.query;
  const expected = typeof state === 'string' ? await redeemTicket<Begun>(host.database.db, STATE, state, host.clock()) : undefined;
  // the answer must come back to the browser that asked
  if (!expected || expected.payload.binding !== ctx.cookies.get(`${cookieName(host, portal)}_state`)) return renderProblem(ctx, host, 400, 'ticket', { portal });
  const login = typeof code === 'string' ? await redeemFaceCode(host.provider, { code, verifier: expected.payload.verifier }, faceClientId(portal), host.database) : undefined;
  // who changed their mind goes on as before
  if (!login && expected.payload.choose && ctx.query['error'] === 'access_denied') return ctx.redirect(expected.payload.to);
  if (!login) return renderProblem(ctx, host, 403, 'access_denied', { portal });
  setCookie(ctx, host, portal, '', await openFace(host, portal, login, ctx.cookies.get(cookieName(host, portal))), undefined);
  ctx.status = 303;
  ctx.set('Location', expected.payload.to);
}

/** What the trail calls it. */
const entered: Record<Face, string> = { admin: 'admin.entered', account: 'account.entered' };

/** @returns the cookie of the new session of this face, which takes the place of the browser's earlier one */
async function openFace(host: RealmHost, { first_party: face }: FacePortal, login: FaceLogin, earlier: string | undefined): Promise<string> {
  const now = host.clock();
  const cookie = randomBytes(32).toString('base64url');
  const { accountId, organisationId, sessionId, grantId } = login;
  await host.database.transaction(async (tx) => {
    if (earlier !== undefined) await endFaceSession(tx, faceSessionHash(earlier));
    await insertFaceSession(tx, {
      hash: faceSessionHash(cookie), face, account_id: accountId, organisation_id: organisationId,
      session_id: sessionId, grant_id: grantId, created_at: now, last_active_at: now, expires_at: now + host.realm.ttl.session,
    });
    const acr = (await findGrant(tx, grantId))?.acr;
    await appendAudit(tx, {
      event: entered[face], action: 'E', outcome: 'success', actor: { kind: 'person', id: accountId }, now, sessionId,
      ...(organisationId && { organisationId, actingFor: organisationId }), ...(acr && { acr }),
    });
  });
  return cookie;
}

/** Leaves the face and asks the provider to end the whole session. */
async function logout(ctx: Context, host: RealmHost, portal: FacePortal): Promise<void> {
  const cookie = ctx.cookies.get(cookieName(host, portal));
  if (cookie !== undefined) {
    if (!csrfHolds(host.keys.secret, cookie, fieldsOf(ctx)['csrf'])) return renderProblem(ctx, host, 403, 'csrf', { portal });
    await endFaceSession(host.database.db, faceSessionHash(cookie));
  }
  setCookie(ctx, host, portal, '', '', 0);
  ctx.status = 303;
  ctx.set('Location', `${host.realm.issuer}/session/end?client_id=${encodeURIComponent(faceClientId(portal))}`);
}

function addressOf(ctx: Context): string {
  return ctx.state['address'] as string;
}

function cookieName(host: RealmHost, portal: FacePortal): string {
  return `sluis_${host.realm.id}_${portal.id}`;
}

function setCookie(ctx: Context, host: RealmHost, portal: FacePortal, suffix: '' | '_state', value: string, ttl: number | undefined): void {
  ctx.cookies.set(`${cookieName(host, portal)}${suffix}`, value, {
    path: `${new URL(host.realm.issuer).pathname}/${portal.first_party}`, httpOnly: true, sameSite: 'lax', overwrite: true, secure: ctx.secure,
    ...(ttl !== undefined && { maxAge: ttl * 1000 }),
  });
}
