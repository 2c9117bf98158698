import { Provider, type Client, type KoaContextWithOIDC } from 'oidc-provider';
import type { Realm } from '../config/schema.ts';
import { endSession, leaveClient, type Ending } from '../domain/sessions.ts';
import { throwOut } from '../domain/throw-out.ts';
import type { Database } from '../store/database.ts';
import { sessionOfBrowser } from './session.ts';
import { write } from './unit.ts';

type Parts = { database: Database; clock: () => number };
type Session = InstanceType<Provider['Session']>;
type Tell = (this: Client, accountId: string, sid: string) => Promise<void>;

/** The library's own call to a client, kept before ours took its place. */
const tellNow = new WeakMap<Provider, Tell>();

type Logout = { everywhere: boolean; sessions: number };

/** What a logout ended: all sessions of the person, this browser's, one portal, or nothing. */
export type Ended = { what: 'everywhere' | 'session' | 'portal' | 'nothing'; sessions: number };

/**
 * When the provider ends its session (logout), ours and everything behind it ends in one transaction before the answer:
 * grants, tokens, pages of our own. Clients are told by the outbox, not within the request of the person.
 */
export function endSessionsWith(provider: Provider, parts: Parts): void {
  const destroy = provider.Session.prototype.destroy;
  provider.Session.prototype.destroy = async function endEverything(this: Session) {
    if (this.accountId !== undefined) await endOf(provider, parts, this.uid, this.accountId);
    await destroy.call(this);
  };
  const client = provider.Client.prototype as unknown as { backchannelLogout: Tell };
  tellNow.set(provider, client.backchannelLogout);
  // what ends tells its clients itself, by the outbox
  client.backchannelLogout = async () => undefined;
  leaveClientsWith(provider, parts);
}

/**
 * Somebody who leaves one client and stays logged in elsewhere. The library then ends no more than the grant it gave last,
 * and says so only to clients with an address for it; whatever else that client was given ends with the same request.
 */
function leaveClientsWith(provider: Provider, { database, clock }: Parts): void {
  provider.on('end_session.success', (ctx) => {
    const { client, session, params } = ctx.oidc;
    // without a person there was nothing to leave, and with `logout` everything has ended
    if (!client || !session?.accountId || params?.['logout']) return;
    const [{ uid }, now] = [session, clock()];
    void write(database, async (on) => { await leaveClient(on, uid, client.clientId, now); });
  });
}

/** Calls a client of an ended session by the library: a fresh logout token with the client's own `sub`. */
export async function tellClient(provider: Provider, client: Client, accountId: string, sid: string): Promise<void> {
  const tell = tellNow.get(provider);
  if (!tell) throw new Error('a provider whose logout is not ours');
  await tell.call(client, accountId, sid);
}

async function endOf(provider: Provider, { database, clock }: Parts, id: string, accountId: string): Promise<void> {
  const ctx = requestOf(provider);
  // the second button of the page; the form's own token has been checked by now
  const everywhere = ctx?.oidc.route === 'end_session_confirm' && ctx.oidc.params?.['logout'] === 'everywhere';
  const replacedBy = await newcomerOf(provider, ctx);
  const address = ctx?.state['address'] as string | undefined;
  const reason = replacedBy !== undefined ? 'replaced' : everywhere ? 'everywhere' : 'logout';
  const ending: Ending = { reason, actor: { kind: 'person', id: replacedBy ?? accountId }, now: clock(), ...(address !== undefined && { address }) };
  const sessions = await database.transaction(async (tx) => (everywhere ? throwOut(tx, accountId, ending) : Number(await endSession(tx, id, ending))));
  if (ctx) ctx.cookies.set(cookieOf(provider), JSON.stringify({ everywhere, sessions } satisfies Logout), { path: pathOf(provider), httpOnly: true, sameSite: 'lax', signed: true, maxAge: 60_000, overwrite: true });
}

/**
 * Two tabs, two people: the provider logs out who was there and goes on with the other's login, which waits in its
 * interaction. @returns the other's account; undefined when somebody just logs out
 */
async function newcomerOf(provider: Provider, ctx: KoaContextWithOIDC | undefined): Promise<string | undefined> {
  const [, uid] = ctx?.oidc.session?.state?.['postLogoutRedirectUri']?.toString().split(`${provider.issuer}/auth/`) ?? [];
  return uid === undefined ? undefined : (await provider.Interaction.find(uid))?.result?.login?.accountId;
}

/** What the logout that led to this page ended. Said by a signed cookie and by what is there, so that no link can claim it. */
export async function endedOf(ctx: KoaContextWithOIDC, parts: Parts & { realm: Realm }): Promise<Ended> {
  const cookie = ctx.cookies.get(cookieOf(ctx.oidc.provider), { signed: true });
  const logout = cookie === undefined ? undefined : JSON.parse(cookie) as Logout;
  if (!await sessionOfBrowser(ctx.oidc.provider, ctx, parts)) return { what: logout?.everywhere ? 'everywhere' : 'session', sessions: logout?.sessions ?? 0 };
  return { what: ctx.oidc.client ? 'portal' : 'nothing', sessions: 0 };
}

function cookieOf(provider: Provider): string {
  return `${provider.cookieName('session')}_ended`;
}

function pathOf(provider: Provider): string {
  return `${new URL(provider.issuer).pathname.replace(/\/$/, '')}/session/end`;
}

/** The request in whose course this runs, when it is one of this provider. */
function requestOf(provider: Provider): KoaContextWithOIDC | undefined {
  const ctx = Provider.ctx as KoaContextWithOIDC | undefined;
  return ctx?.oidc?.provider === provider ? ctx : undefined;
}
