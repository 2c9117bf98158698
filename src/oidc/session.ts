import type { KoaContextWithOIDC, Provider } from 'oidc-provider';
import type { Realm } from '../config/schema.ts';
import { endIfOver, liveSession } from '../domain/sessions.ts';
import type { Database } from '../store/database.ts';
import type { SessionRow } from '../store/sessions.ts';

type Session = InstanceType<Provider['Session']>;
type Parts = { realm: Pick<Realm, 'ttl'>; database: Database; clock: () => number };

/** One request asks for its session several times: it is read once. */
const read = new WeakMap<object, Map<string, Promise<SessionRow | undefined>>>();

/** The live Sluis session of this browser's person. Undefined when there is none, it is over, or it is somebody else's. */
export async function sessionOf(ctx: KoaContextWithOIDC, realm: Pick<Realm, 'ttl'>, database: Database, now: number): Promise<SessionRow | undefined> {
  const { session } = ctx.oidc;
  if (!session?.accountId) return undefined;
  const row = await once(ctx.oidc, session.uid, () => liveSession(database.db, realm, session.uid, now));
  return row?.account_id === session.accountId ? row : undefined;
}

function once(request: object, uid: string, find: () => Promise<SessionRow | undefined>): Promise<SessionRow | undefined> {
  const known = read.get(request) ?? new Map<string, Promise<SessionRow | undefined>>();
  read.set(request, known);
  const row = known.get(uid) ?? find();
  known.set(uid, row);
  return row;
}

/**
 * A session that is over is ended when its browser comes, and the browser gets a new one. Left to the worker, the provider
 * would begin a login within a session that is gone when that login is done ("session mismatch").
 */
export function refuseOverSessions(provider: Provider, { realm, database, clock }: Parts): void {
  const model = provider.Session as unknown as { get(ctx: KoaContextWithOIDC): Promise<Session> };
  const get = model.get.bind(provider.Session);
  model.get = async (ctx) => {
    const session = await get(ctx);
    if (session.accountId === undefined) return session;
    const now = clock();
    const find = (): Promise<SessionRow | undefined> => liveSession(database.db, realm, session.uid, now);
    // our own pages come without the provider's context
    if (await (ctx.oidc ? once(ctx.oidc, session.uid, find) : find())) return session;
    // where nothing ended there is nothing to take away: a login that is not answered yet has no row
    return await database.transaction((tx) => endIfOver(tx, realm, session.uid, now)) ? get(ctx) : session;
  };
}

/** The live Sluis session of a browser that comes to a page of ours. */
export async function sessionOfBrowser(provider: Provider, ctx: unknown, { realm, database, clock }: Parts): Promise<SessionRow | undefined> {
  const model = provider.Session as unknown as { get(ctx: unknown): Promise<Session> };
  const { accountId, uid } = await model.get(ctx);
  if (accountId === undefined) return undefined;
  const row = await liveSession(database.db, realm, uid, clock());
  return row?.account_id === accountId ? row : undefined;
}
