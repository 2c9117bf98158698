import { errors, type Grant, type KoaContextWithOIDC } from 'oidc-provider';
import type { Realm } from '../config/schema.ts';
import type { Engine } from '../flow/engine.ts';
import { joinSession, keepAlive, keepLogin, withLogin } from '../domain/sessions.ts';
import { earnedAt } from '../flow/levels.ts';
import type { Facts } from '../flow/facts.ts';
import type { Database } from '../store/database.ts';
import { findGrantFor, insertGrant, setGrantAcr } from '../store/grants.ts';
import { isDone } from '../store/runs.ts';
import type { SessionRow } from '../store/sessions.ts';
import { judgementOf, runOf } from './evidence.ts';
import { grantClaims, knownScopes } from './requests.ts';
import { sessionOf } from './session.ts';
import { write } from './unit.ts';

/**
 * The grant of this session, client and organisation: made when the flow is satisfied, found again later. A grant never
 * changes organisation; another organisation gets another grant.
 */
export async function loadGrant(ctx: KoaContextWithOIDC, realm: Realm, engine: Engine, database: Database, clock: () => number): Promise<Grant | undefined> {
  const { client, session } = ctx.oidc;
  // nobody knows for which organisation yet
  if (!client || !session?.accountId || ctx.oidc.promptPending('select_account')) return undefined;
  const judgement = await judgementOf(ctx, realm, engine, database);
  if (!judgement?.admitted) return undefined;
  const { facts } = judgement;
  if (!facts.account || facts.account.id !== session.accountId) return undefined;
  const organisationId = facts.organisation?.id ?? null;
  stateLogin(ctx, realm, facts);
  await keepSession(ctx, realm, database, facts, clock());
  const known = await findGrantFor(database.db, { sessionId: session.uid, clientId: client.clientId, organisationId });
  const existing = known && await ctx.oidc.provider.Grant.find(known.id);
  // written once a session and client, and not at each silent answer
  if (!existing || session.sidFor(client.clientId) === undefined) await keepClient(ctx, database, clock());
  const grant = existing ?? new ctx.oidc.provider.Grant({ accountId: session.accountId, clientId: client.clientId });
  const before = given(grant);
  grant.addOIDCScope(knownScopes(ctx).join(' '));
  grantClaims(ctx, grant, client);
  const acr = realm.levels[facts.level]?.acr ?? '';
  if (existing && known.acr !== acr) await write(database, (on) => setGrantAcr(on, known.id, acr));
  for (const resource of Object.values(ctx.oidc.resourceServers ?? {})) {
    const scopes = [...ctx.oidc.requestParamScopes].filter((scope) => resource.scopes.has(scope));
    if (scopes.length > 0) grant.addResourceScope(resource.identifier(), scopes.join(' '));
  }
  if (existing && given(grant) === before) return grant;
  const id = await grant.save();
  if (!existing) {
    const row = {
      id, session_id: session.uid, account_id: session.accountId, client_id: client.clientId, organisation_id: organisationId,
      acr, created_at: clock(),
    };
    await write(database, (on) => insertGrant(on, row));
  }
  return grant;
}

/** What a grant covers, to see whether a request added something. */
function given({ openid, resources }: Grant): string {
  return JSON.stringify([openid, resources]);
}

/**
 * What the tokens of this request say of the login: the level that counts here and when it was earned. The provider would
 * say what its session last remembered, which may be of another proof.
 */
function stateLogin(ctx: KoaContextWithOIDC, realm: Realm, facts: Facts): void {
  Object.defineProperty(ctx.oidc, 'acr', { value: realm.levels[facts.level]?.acr, configurable: true });
  if (ctx.oidc.session) ctx.oidc.session.authTime = () => earnedAt(realm, facts);
}

/**
 * The Sluis session beside the provider's: what was shown, and for whom. A login begins it; what is answered from it later
 * only counts as activity, so a session that ended in between does not come back.
 */
async function keepSession(ctx: KoaContextWithOIDC, realm: Realm, database: Database, facts: Facts, now: number): Promise<void> {
  const { session } = ctx.oidc;
  if (!session?.accountId) return;
  const before = await sessionOf(ctx, realm, database, now);
  if (ctx.oidc.result?.login) {
    const login = { sessionId: session.uid, accountId: session.accountId, organisationId: facts.organisation?.id ?? null, named: facts.named, proofs: facts.shown };
    endTogether(session, realm, withLogin(realm, before, login, now));
    const runId = runOf(ctx);
    return write(database, async (on) => {
      // thrown out while this request was on its way
      if (runId !== undefined && !await isDone(on, runId)) throw new errors.AccessDenied('the login is over');
      if (!await keepLogin(on, realm, login, now)) throw new errors.AccessDenied('the session is over');
    });
  }
  if (before) endTogether(session, realm, before);
  // a hidden frame of a portal asks with prompt=none for as long as its page is open: that is nobody at work
  if (before && !ctx.oidc.prompts.has('none')) await keepAlive(database.db, before, now);
}

/** The provider counts the end of its own session from `loginTs` (lifetimes.ts): both end at the same moment. */
function endTogether(session: { loginTs?: number | undefined }, { ttl }: Realm, { expires_at }: Pick<SessionRow, 'expires_at'>): void {
  const began = expires_at - ttl.session;
  if (session.loginTs !== began) session.loginTs = began;
}

/** Remembers that the session serves this client, and where to tell it of the end. */
async function keepClient(ctx: KoaContextWithOIDC, database: Database, now: number): Promise<void> {
  const { client, session } = ctx.oidc;
  if (!client || !session) return;
  // the provider would make it a moment later; the ID token says the same one
  session.ensureClientContainer(client.clientId);
  const row = { session_id: session.uid, client_id: client.clientId, sid: session.sidFor(client.clientId) ?? '', logout_uri: client.backchannelLogoutUri ?? null, since: now };
  await write(database, async (on) => {
    // ended while this request was on its way
    if (!await joinSession(on, row)) throw new errors.AccessDenied('the session is over');
  });
}
