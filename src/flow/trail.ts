import type { Realm } from '../config/schema.ts';
import type { AuditEntry } from '../store/audit.ts';
import { noteActor } from '../store/audit-context.ts';
import type { BoundStep } from './flow.ts';
import type { OpenRun } from './run.ts';
import type { Outcome } from './step.ts';
import type { Viewer } from './turn.ts';

/** Rows of this turn, also those that the domain writes, say for whom and how surely the person acts. */
export function noteRun(realm: Realm, { facts: { account, organisation, level } }: OpenRun): void {
  const acr = realm.levels[level]?.acr;
  noteActor({ accountId: account?.id, ...(acr !== undefined && { acr }), ...(organisation && { actingFor: organisation.id }) });
}

/** An entry of the trail about a run: who it is, as far as is known, for which organisation, at which client. */
export function auditOf(run: OpenRun, viewer: Viewer, entry: Pick<AuditEntry, 'event' | 'action' | 'outcome' | 'reason' | 'organisationId' | 'detail'>): AuditEntry {
  const { account, organisation } = run.facts;
  return {
    now: run.facts.now, runId: run.row.id, clientId: run.row.client_id, address: viewer.address,
    actor: { kind: 'person', id: account?.id ?? 'unknown', ...(account && { display: account.displayName }) },
    ...(organisation && { organisationId: organisation.id }), ...entry,
  };
}

/** What the trail says of an outcome. Undefined when nothing happened: a page was asked for. */
export function entryOf(run: OpenRun, viewer: Viewer, outcome: Outcome<unknown>, binding: BoundStep): AuditEntry | undefined {
  const reasons = outcome.kind === 'ask' ? outcome.problems?.map((problem) => problem.code).join(' ') : outcome.kind === 'deny' ? outcome.code : undefined;
  if (outcome.kind === 'choose' || (outcome.kind === 'ask' && !reasons)) return undefined;
  const fine = outcome.kind === 'pass' || outcome.kind === 'leave' || (outcome.kind === 'deny' && outcome.ended === 'fine');
  const event = { ask: 'step.refused', leave: 'step.left', pass: 'step.passed', deny: fine ? 'login.ended' : 'login.refused' }[outcome.kind];
  return auditOf(run, viewer, { event, action: 'E', outcome: fine ? 'success' : 'refused', ...(reasons && { reason: reasons }), detail: { binding: binding.id } });
}
