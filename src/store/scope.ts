import { AsyncLocalStorage } from 'node:async_hooks';

/** What is known of everything that happens in one request or command (NEN 7513: access point and source). */
export type Trail = {
  /** which part of Sluis writes */
  component: 'http' | 'cli' | 'server';
  /** access point: network address, or the name of the machine for a command */
  address?: string;
  /** the request's reference, as it is on pages and in the log */
  reference?: string;
  /** as sent */
  userAgent?: string;
  actor?: ActorContext;
};

/** For whom and how surely the person of this request acts. Fields that are not known are left out. */
export type ActorContext = {
  /** rows of this person only; undefined: of whoever this request is the first to know */
  accountId: string | undefined;
  sessionId?: string;
  /** acr of what was shown */
  acr?: string;
  /** organisation on whose behalf */
  actingFor?: string;
};

/** The transaction that work is in: whose, and whether it still goes on. */
export type Within = { of: object; open: boolean };

/** `unit`: what gathers the writes of a request (oidc/unit.ts), where the library's own context does not */
export type Scope = { trail?: Trail; within?: Within; unit?: object };

/** One for everything that follows a request or command through what it waits for: each storage of this kind costs something at every promise. */
const scopes = new AsyncLocalStorage<Scope>();

export function currentScope(): Scope {
  return scopes.getStore() ?? {};
}

export function inScope<T>(scope: Scope, work: () => T): T {
  return scopes.run(scope, work);
}
