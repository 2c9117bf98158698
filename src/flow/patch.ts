import { CHOICE } from './demand.ts';
import { endOf } from './end.ts';
import type { JournalEntry } from './facts.ts';
import type { BoundStep } from './flow.ts';
import type { OpenRun } from './run.ts';
import type { Outcome } from './step.ts';

/** What of a run's row is written anew. */
export type Patch = { -readonly [K in 'journal' | 'state' | 'request' | 'notice' | 'status' | 'end_code' | 'account_id' | 'organisation_id']?: OpenRun['row'][K] };

/** A step and what it made of the page. `values`: what was typed, without secrets. */
export type Move = { outcome: Outcome<unknown>; binding: BoundStep; values?: Record<string, string>; ticket?: { kind: string; handle: string } };

/** What an outcome changes in the row of its run. */
export function patchOf(run: OpenRun, { outcome, binding, values }: Move): Patch {
  const kept = outcome.kind === 'deny' || outcome.kind === 'choose' ? undefined : outcome.state;
  const state = { ...run.state, [`${binding.id}@`]: 1, ...(kept !== undefined && { [binding.id]: kept }) };
  const patch: Patch = { state: JSON.stringify(state), notice: null };
  if (outcome.kind === 'ask' && outcome.problems?.length) patch.notice = JSON.stringify({ binding: binding.id, problems: outcome.problems, values: values ?? {} });
  if (outcome.kind === 'pass') {
    const { proofs = [], accountId, organisationId, marks } = outcome;
    const entry: JournalEntry = { binding: binding.id, at: run.facts.now, proofs, ...(accountId && { accountId }), ...(organisationId && { organisationId }), ...(marks && { marks }) };
    patch.journal = JSON.stringify([...run.journal, entry]);
  }
  // no binding is passed by it
  if (outcome.kind === 'choose') patch.journal = JSON.stringify([...run.journal, { binding: CHOICE, at: run.facts.now, proofs: [], marks: outcome.marks } satisfies JournalEntry]);
  if (outcome.kind === 'deny') {
    patch.status = 'ended';
    patch.end_code = endOf(outcome.code, outcome.params ?? {}, outcome.ended === 'fine');
  }
  return patch;
}
