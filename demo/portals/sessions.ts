import { randomBytes } from 'node:crypto';
import type { User } from './claims.ts';
import { readUser } from './claims.ts';
import type { Client, Pending, Tokens } from './client.ts';
import { isRefusal } from './client.ts';

/** Seed row IB-9: twenty minutes without activity, a warning two minutes before. In seconds, as all times here. */
export const idle = 1200;
export const warnBefore = 120;
const checkEvery = 60;
const pendingFor = 3600;
const endingsFor = 86_400;

export type Session = { id: string; tokens: Tokens; user: User; activeAt: number; checkedAt: number; /** under which number they work here */ account?: string; check?: Promise<boolean>; telling?: true };

/** Why a session is over: nothing was done, it was ended at Sluis (by another portal, too), or Sluis no longer lets this person in. */
export type Ending = 'idle' | 'elsewhere' | 'refused';

type SluisClient = Pick<Client, 'userinfo' | 'refresh'>;

/** Does work after so many seconds; its own process may end before. */
type Later = (work: () => void, seconds: number) => void;
const afterwards: Later = (work, seconds) => { setTimeout(work, seconds * 1000).unref(); };

/** The sessions of one portal, in memory. */
export type Sessions = ReturnType<typeof createSessions>;

export function createSessions(client: SluisClient, now: () => number, later: Later = afterwards) {
  const sessions = new Map<string, Session>();
  const endings = new Map<string, { why: Ending; at: number }>();
  const over = (id: string, why: Ending): void => {
    if (sessions.delete(id)) endings.set(id, { why, at: now() });
  };
  const left = (session: Session): number => session.activeAt + idle - now();
  const forget = (): void => {
    for (const [id, session] of sessions) if (left(session) <= 0) over(id, 'idle');
    for (const [id, { at }] of endings) if (now() - at > endingsFor) endings.delete(id);
  };
  const held = (id: string | undefined): Session | undefined => {
    const session = id === undefined ? undefined : sessions.get(id);
    if (!session || left(session) > 0) return session;
    over(session.id, 'idle');
    return undefined;
  };
  /** Activity within the minute is told at its end, or Sluis would think this person idle up to a minute before the portal does. */
  const tellLater = (session: Session): void => {
    if (session.telling) return;
    session.telling = true;
    later(() => {
      delete session.telling;
      // a clock that jumped, a machine that slept: then this is activity no more
      if (sessions.get(session.id) !== session || now() - session.activeAt > checkEvery) return;
      void holds(client, session, now).then((yes) => { if (!yes) over(session.id, 'refused'); });
    }, Math.max(1, session.checkedAt + checkEvery - now()));
  };
  return {
    async begin(tokens: Tokens): Promise<Session> {
      const user = readUser(tokens.claims, await client.userinfo(tokens));
      forget();
      const session: Session = { id: randomId(), tokens, user, activeAt: now(), checkedAt: now() };
      sessions.set(session.id, session);
      return session;
    },
    end: (id: string) => sessions.delete(id),
    /** Sluis ended its session: that one (`sid`), or all of a person. OpenID Connect Back-Channel Logout 1.0, section 2.7. What was over already ended by itself. */
    endAt({ sub, sid }: { sub?: string; sid?: string }): void {
      for (const [id, session] of sessions) {
        if (sid === undefined ? session.tokens.claims['sub'] === sub : session.tokens.claims['sid'] === sid) over(id, left(session) > 0 ? 'elsewhere' : 'idle');
      }
    },
    /** The session of an active user. At most once a minute Sluis is asked whether it still holds, and for which roles. */
    async active(id: string | undefined): Promise<Session | undefined> {
      const session = held(id);
      if (!session) return undefined;
      session.activeAt = now();
      if (now() - session.checkedAt < checkEvery && session.tokens.expiresAt > now()) tellLater(session);
      else if (!(await holds(client, session, now))) over(session.id, 'refused');
      return sessions.get(session.id);
    },
    /** A session as it is, without activity: seconds until it ends. Never asks Sluis, which would take that for activity. */
    glance(id: string | undefined): { session: Session; endsIn: number } | undefined {
      const session = held(id);
      return session && { session, endsIn: left(session) };
    },
    endedBecause: (id: string | undefined): Ending | undefined => (id === undefined ? undefined : endings.get(id)?.why),
  };
}

/** Logins that are under way at Sluis: tabs do not disturb each other, each has its own state. */
export function createLogins(now: () => number) {
  const pending = new Map<string, Pending & { browser: string; at: number }>();
  return {
    remember(browser: string, login: Pending): void {
      for (const [state, old] of pending) if (now() - old.at > pendingFor) pending.delete(state);
      pending.set(login.state, { ...login, browser, at: now() });
    },
    /** Gives a login once, and only to the browser that began it. */
    take(browser: string | undefined, state: string): Pending | undefined {
      const found = pending.get(state);
      if (!found || found.browser !== browser || now() - found.at > pendingFor) return undefined;
      pending.delete(state);
      return found;
    },
  };
}

export function randomId(): string {
  return randomBytes(32).toString('base64url');
}

/** Whether Sluis still lets this person in. Pages that load at once share one question: a refresh token may be used only once. */
function holds(client: SluisClient, session: Session, now: () => number): Promise<boolean> {
  session.check ??= ask(client, session, now).finally(() => { delete session.check; });
  return session.check;
}

async function ask(client: SluisClient, session: Session, now: () => number): Promise<boolean> {
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
