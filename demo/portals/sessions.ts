import { randomBytes } from 'node:crypto';
import type { User } from './claims.ts';
import { readUser } from './claims.ts';
import type { Client, Pending, Tokens } from './client.ts';
import { isRefusal } from './client.ts';

/** Seed row IB-9: twenty minutes without activity. In seconds, as all times here. */
const idle = 1200;
const checkEvery = 60;
const pendingFor = 3600;

export type Session = { id: string; tokens: Tokens; user: User; activeAt: number; checkedAt: number; check?: Promise<boolean> };

/** The sessions of one portal, in memory, and the logins that are under way. */
export type Sessions = ReturnType<typeof createSessions>;

export function createSessions(client: Pick<Client, 'userinfo' | 'refresh'>, now: () => number) {
  const sessions = new Map<string, Session>();
  const pending = new Map<string, Pending & { browser: string; at: number }>();
  return {
    newId: () => randomBytes(32).toString('base64url'),
    /** Remembers a login that this browser began; tabs do not disturb each other, each has its own state. */
    remember(browser: string, login: Pending): void {
      for (const [state, old] of pending) if (now() - old.at > pendingFor) pending.delete(state);
      pending.set(login.state, { ...login, browser, at: now() });
    },
    /** Gives a pending login once, and only to the browser that began it. */
    take(browser: string | undefined, state: string): Pending | undefined {
      const found = pending.get(state);
      if (!found || found.browser !== browser || now() - found.at > pendingFor) return undefined;
      pending.delete(state);
      return found;
    },
    async begin(tokens: Tokens): Promise<Session> {
      const user = readUser(tokens.claims, await client.userinfo(tokens));
      for (const [id, old] of sessions) if (now() - old.activeAt > idle) sessions.delete(id);
      const session: Session = { id: randomBytes(32).toString('base64url'), tokens, user, activeAt: now(), checkedAt: now() };
      sessions.set(session.id, session);
      return session;
    },
    end: (id: string) => sessions.delete(id),
    /** The session of an active user. At most once a minute Sluis is asked whether it still holds, and for which roles. */
    async active(id: string | undefined): Promise<Session | undefined> {
      const session = id === undefined ? undefined : sessions.get(id);
      if (!session) return undefined;
      const holds = now() - session.activeAt <= idle && await stillHolds(client, session, now);
      if (!holds) {
        sessions.delete(session.id);
        return undefined;
      }
      session.activeAt = now();
      return session;
    },
  };
}

async function stillHolds(client: Pick<Client, 'userinfo' | 'refresh'>, session: Session, now: () => number): Promise<boolean> {
  if (now() - session.checkedAt < checkEvery) return true;
  // pages that load at once share one question: a refresh token may be used only once
  session.check ??= ask(client, session, now).finally(() => { delete session.check; });
  return session.check;
}

async function ask(client: Pick<Client, 'userinfo' | 'refresh'>, session: Session, now: () => number): Promise<boolean> {
  try {
    if (session.tokens.expiresAt - now() < checkEvery) session.tokens = await client.refresh(session.tokens);
    session.user = readUser(session.tokens.claims, await client.userinfo(session.tokens));
    session.checkedAt = now();
    return true;
  } catch (error) {
    // without an answer the user keeps working; the next page asks again
    return !isRefusal(error);
  }
}
