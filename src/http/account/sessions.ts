import { createHash } from 'node:crypto';
import type { Context } from 'koa';
import { endsAt, endSession } from '../../domain/sessions.ts';
import { throwOut } from '../../domain/throw-out.ts';
import { portalOfClient } from '../../oidc/clients.ts';
import { listSessionClients, listSessions, type SessionRow } from '../../store/sessions.ts';
import { issueTicket, redeemTicket } from '../../store/tickets.ts';
import { seeOther } from '../admin/context.ts';
import { fieldsOf } from '../csrf.ts';
import { renderPage } from '../pages.ts';
import type { RealmHost } from '../realm.ts';
import { accountUrl, actorOf, personOf, translate, wordOf, type AccountContext } from './context.ts';

/** Where the person is logged in (page B14): this session first. */
export async function showSessions(context: AccountContext, ctx: Context): Promise<void> {
  const { host } = context;
  const current = currentOf(ctx);
  const live = await liveSessions(host, personOf(ctx).accountId);
  const sessions = await Promise.all(live.toSorted((a, b) => Number(b.id === current.id) - Number(a.id === current.id)).map(async (session) => ({
    handle: handleOf(session.id),
    current: session.id === current.id,
    since: session.created_at,
    lastActiveAt: session.last_active_at,
    endsAt: endsAt(host.realm, session),
    portals: await portalsOf(host, session.id),
  })));
  await context.render(ctx, 'account/sessions', {
    title: translate(context, ctx)('account.sessions.title'),
    page: { sessions, saved: wordOf(ctx.query['saved'], ['ended', 'gone']) },
  });
}

/** Ends another session of the person. Anybody else's is as unknown as one that is over. */
export async function endOne(context: AccountContext, ctx: Context): Promise<void> {
  const { host } = context;
  const { accountId } = personOf(ctx);
  const asked = fieldsOf(ctx)['session'];
  const session = (await liveSessions(host, accountId)).find(({ id }) => handleOf(id) === asked && id !== currentOf(ctx).id);
  const ended = session && await host.database.transaction((tx) => endSession(tx, session.id, { reason: 'logout', actor: actorOf(ctx), now: host.clock() }));
  seeOther(ctx, `${accountUrl(context, 'sessions')}?saved=${ended ? 'ended' : 'gone'}`);
}

const ENDED = 'account.ended';

/** 'Overal uitloggen': every session of the person, this one too, and every login on the way to one. */
export async function endAll(context: AccountContext, ctx: Context): Promise<void> {
  const { database, clock } = context.host;
  const handle = await database.transaction(async (tx) => {
    const sessions = await throwOut(tx, personOf(ctx).accountId, { reason: 'everywhere', actor: actorOf(ctx), now: clock() });
    return issueTicket(tx, { kind: ENDED, runId: null, payload: { sessions }, ttl: 300, now: clock() });
  });
  seeOther(ctx, `${accountUrl(context, 'ended')}?shown=${handle}`);
}

/** What 'Overal uitloggen' ended, told once, to a browser that is nobody's any more. */
export async function showEnded(context: Pick<AccountContext, 'host' | 'portal'>, ctx: Context): Promise<void> {
  const { host, portal } = context;
  const { shown } = ctx.query;
  const ticket = typeof shown === 'string' ? await redeemTicket<{ sessions: number }>(host.database.db, ENDED, shown, host.clock()) : undefined;
  if (!ticket) return seeOther(ctx, portal.url);
  return renderPage(ctx, host, 'logged-out', {
    titleKey: 'logged-out.title', portal, page: { portalUrl: portal.url, ended: 'everywhere', sessions: ticket.payload.sessions },
  });
}

async function liveSessions({ database, realm, clock }: RealmHost, accountId: string): Promise<SessionRow[]> {
  const now = clock();
  return (await listSessions(database.db, { accountId })).filter((session) => endsAt(realm, session) > now);
}

/** Names of the portals that a session served, in the order in which they were opened. */
async function portalsOf({ provider, realm, database }: RealmHost, sessionId: string): Promise<string[]> {
  const clients = await listSessionClients(database.db, sessionId);
  const names = await Promise.all(clients.map(async ({ client_id }) => portalOfClient(realm, await provider.Client.find(client_id))?.name));
  return [...new Set(names.filter((name) => name !== undefined))];
}

function currentOf(ctx: Context): SessionRow {
  return ctx.state['session'] as SessionRow;
}

/** Names a session on its person's page; the id itself is the provider's business. */
function handleOf(id: string): string {
  return createHash('sha256').update(`session:${id}`).digest('base64url').slice(0, 22);
}
