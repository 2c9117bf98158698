import { AsyncLocalStorage } from 'node:async_hooks';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { root } from '../root.ts';

/** What is known of everything that happens in one request or command (NEN 7513: access point and source). */
export type AuditContext = {
  /** which part of Sluis writes */
  component: 'http' | 'cli' | 'server';
  /** access point: network address, or the name of the machine for a command */
  address?: string;
  /** the request's reference, as it is on pages and in the log */
  reference?: string;
  /** as sent; cleaned and cut off here */
  userAgent?: string;
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

type Store = AuditContext & { actor?: ActorContext };

const contexts = new AsyncLocalStorage<Store>();
const LENGTH = 200;
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
const node = hostname();

/** Everything that `work` writes into an audit trail is of this request or command. */
export function withAuditContext<T>(context: AuditContext, work: () => T): T {
  const { userAgent, ...rest } = context;
  const cleaned = userAgent && clean(userAgent);
  return contexts.run({ ...rest, ...(cleaned && { userAgent: cleaned }) }, work);
}

/** Remembers who is at work in this request; outside of one, nothing. */
export function noteActor(actor: ActorContext): void {
  const store = contexts.getStore();
  if (store) store.actor = actor;
}

export function auditContext(): Partial<Store> {
  return contexts.getStore() ?? {};
}

/** `component/version@node`: what wrote a row, and where. */
export function auditSource(): string {
  return `${contexts.getStore()?.component ?? 'server'}/${version}@${node}`;
}

/** A header is whatever somebody sends: printable ASCII of it, and not more than is needed to tell devices apart. */
function clean(text: string): string {
  return text.replace(/[^\x20-\x7e]+/g, '?').trim().slice(0, LENGTH);
}
