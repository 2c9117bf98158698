import type { Realm } from '../../src/config/schema.ts';
import type { BrokerProof, Facts, JournalEntry } from '../../src/flow/facts.ts';
import { holds } from '../../src/flow/predicates.ts';
import { gatherFacts } from '../../src/flow/run.ts';
import type { Outcome, Page, Problem, Run, Step } from '../../src/flow/step.ts';
import { appendAudit } from '../../src/store/audit.ts';
import type { Database } from '../../src/store/database.ts';
import { noon, vault } from './house.ts';

export type Stage = { realm: Realm; database: Database; config?: unknown; journal?: JournalEntry[]; levelId?: string; remembered?: Record<string, string>; now?: number; address?: string; hint?: string; since?: number; former?: string; choosing?: boolean; state?: unknown };

/** What a step sees, without an engine around it. */
export async function runOf({ realm, database, config = {}, journal = [], levelId, remembered = {}, now = noon, address = '192.0.2.1', hint, since, former, choosing = false, state }: Stage): Promise<Run<unknown, unknown>> {
  const portal = realm.portals[0]!;
  return {
    id: 'run', turn: 'run:step:1', realm, portal, config, state, hint, former, choosing, language: 'nl', remembered, address, db: database.db, vault, now,
    facts: await gatherFacts(database.db, realm, portal, journal, { levelId: levelId ?? portal.level, by: 'request', address, ...(since !== undefined && { since }) }, now),
    audit: (entry) => (tx) => appendAudit(tx, { action: 'E', outcome: 'success', actor: { kind: 'person', id: 'x' }, now, ...entry }),
  };
}

/** Posts a form to a step as the engine does: settings and input pass through the step's own schemas. */
export async function submit(step: Step, stage: Stage, fields: Record<string, string> = {}): Promise<Outcome<unknown>> {
  const config = step.config.parse(stage.config ?? {});
  return step.submit(await runOf({ ...stage, config }), step.input.parse(fields));
}

export async function pageOf(step: Step, stage: Stage): Promise<Page> {
  return step.page(await runOf({ ...stage, config: step.config.parse(stage.config ?? {}) }));
}

/** Writes what an outcome wants written, and gives the facts that come of it. */
export async function carryOut(outcome: Outcome<unknown>, stage: Stage): Promise<Facts> {
  await stage.database.transaction(async (tx) => (outcome.kind === 'choose' ? undefined : outcome.commit?.(tx)));
  const entry = outcome.kind === 'pass' ? [{ binding: 'step', at: noon, proofs: outcome.proofs ?? [], ...picked(outcome) }] : [];
  return (await runOf({ ...stage, journal: [...stage.journal ?? [], ...entry] })).facts;
}

function picked({ accountId, organisationId, marks }: Extract<Outcome<unknown>, { kind: 'pass' }>) {
  return { ...(accountId && { accountId }), ...(organisationId && { organisationId }), ...(marks && { marks }) };
}

/** Predicates that the step's model promises after a pass and that do not hold. */
export function broken(step: Step, { realm, config = {} }: Stage, facts: Facts): string[] {
  return step.model(step.config.parse(config), realm).gives.filter((name) => !holds(name, facts));
}

export function problems(outcome: Outcome<unknown>): Problem[] {
  return outcome.kind === 'ask' ? outcome.problems ?? [] : [];
}

export const codes = (outcome: Outcome<unknown>): string[] => problems(outcome).map((problem) => problem.code);

/** A journal with what a broker showed. */
export function shown(broker: BrokerProof, level = 'substantial'): JournalEntry[] {
  return [{ binding: 'broker', at: noon, proofs: [{ factor: 'broker', level, at: noon, broker }] }];
}
