import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { root } from '../root.ts';
import { currentScope, inScope, type ActorContext, type Trail } from './scope.ts';

export type { ActorContext } from './scope.ts';
export type AuditContext = Omit<Trail, 'actor'>;

const LENGTH = 200;
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
const node = hostname();

/** Everything that `work` writes into an audit trail is of this request or command. */
export function withAuditContext<T>(context: AuditContext, work: () => T): T {
  return inScope({ ...currentScope(), trail: { ...context } }, work);
}

/** Remembers who is at work in this request; outside of one, nothing. */
export function noteActor(actor: ActorContext): void {
  const { trail } = currentScope();
  if (trail) trail.actor = actor;
}

export function auditContext(): Partial<Trail> {
  return currentScope().trail ?? {};
}

/** `component/version@node`: what wrote a row, and where. */
export function auditSource(): string {
  return `${auditContext().component ?? 'server'}/${version}@${node}`;
}

/** A header is whatever somebody sends: printable ASCII of it, and not more than is needed to tell devices apart. */
export function cleanAgent(text: string | undefined): string | undefined {
  return text?.replace(/[^\x20-\x7e]+/g, '?').trim().slice(0, LENGTH) || undefined;
}
