import type { Realm } from '../config/schema.ts';
import type { Database } from '../store/database.ts';
import type { Demander } from './demand.ts';
import { bindFlow, conditionNames, currentBinding, judge, unmet, type Steps, type Verdict } from './flow.ts';
import { holds, predicateNames } from './predicates.ts';
import { openRun } from './run.ts';

export type Explanation = {
  run: string; flow: string; portal: string; status: string; 
  /** `by`: who asked for the level */
  level: { required: string; by: Demander; reached: string | undefined };
  /** per binding: what became of it and which conditions decided it */
  bindings: { id: string; step: string; verdict: Verdict; because: Record<string, boolean>; passedAt?: number }[];
  ensure: { unmet: string[] };
  predicates: Record<string, boolean>;
};

/**
 * Why each binding of a run was asked or skipped, from its journal and the state of now: the service desk's inspector.
 * Undefined when there is no such run.
 */
export async function explainRun(database: Database, realm: Realm, runId: string, steps: Steps, now: number): Promise<Explanation | undefined> {
  const run = await openRun(database.db, realm, runId, now);
  if (!run) return undefined;
  const flow = bindFlow(realm, run.row.flow, steps);
  const current = currentBinding(flow, run.journal, run.facts);
  return {
    run: runId, flow: flow.id, portal: run.portal.id, status: run.row.status,
    level: { required: run.facts.required.levelId, by: run.facts.required.by, reached: realm.levels[run.facts.level]?.id },
    bindings: flow.bindings.map((binding) => {
      const verdict = judge(binding, run.journal, run.facts);
      const names = [...conditionNames(binding), ...(binding.model.settledBy ?? [])];
      const passed = run.journal.find((entry) => entry.binding === binding.id);
      return {
        id: binding.id, step: binding.step, // of all that is still to be asked, the first is the page that the person sees
        verdict: verdict === 'current' && binding !== current ? 'ahead' : verdict,
        because: Object.fromEntries(names.map((name) => [name, holds(name, run.facts)])),
        ...(passed && { passedAt: passed.at }),
      };
    }),
    ensure: { unmet: unmet(flow, run.facts) },
    predicates: Object.fromEntries(predicateNames.map((name) => [name, holds(name, run.facts)])),
  };
}
