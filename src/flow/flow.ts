import type { Binding, Flow, Portal, Realm } from '../config/schema.ts';
import type { Facts, JournalEntry } from './facts.ts';
import { aboutCredentials, aboutTheOrganisation, decidedByPortal, holds, isPredicate, type PredicateName } from './predicates.ts';
import type { Step, StepModel } from './step.ts';

/** A binding with its step and checked settings. */
export type BoundStep = Binding & { id: string; plugin: Step; settings: unknown; model: StepModel };
export type BoundFlow = { id: string; bindings: BoundStep[]; ensure: PredicateName[] };
export type Steps = ReadonlyMap<string, Step>;

/** A flow that names a step, setting or predicate that does not exist. */
export class FlowError extends Error {
  readonly mistakes: string[];
  constructor(flow: string, mistakes: string[]) {
    super(`flow ${flow}: ${mistakes.join('; ')}`);
    this.name = 'FlowError';
    this.mistakes = mistakes;
  }
}

/**
 * Joins a flow of the configuration with the steps it names.
 * @throws FlowError naming every unknown step, setting and predicate at once
 */
export function bindFlow(realm: Realm, flowId: string, steps: Steps): BoundFlow {
  const flow = realm.flows[flowId];
  if (!flow) throw new FlowError(flowId, ['there is no such flow']);
  const mistakes: string[] = [];
  const bindings = flow.bindings.flatMap((binding, index) => bind(realm, binding, `binding ${index + 1} (${binding.step})`, steps, mistakes));
  const ids = bindings.map((b) => b.id);
  for (const id of new Set(ids.filter((id, i) => ids.indexOf(id) !== i))) mistakes.push(`two bindings are called ${id}: give each its own id`);
  for (const name of predicatesOf(flow)) if (!isPredicate(name)) mistakes.push(`there is no predicate ${name}`);
  for (const { id, model } of bindings) {
    const unnamed = (model.settledBy ?? []).filter((name) => isAboutCredentials(name) && !conditionsOf(flow).includes(name));
    if (unnamed.length > 0) mistakes.push(`binding ${id} is about ${unnamed.join(', ')}: ensure it, or name it in a condition`);
  }
  if (mistakes.length > 0) throw new FlowError(flowId, mistakes);
  return { id: flowId, bindings, ensure: flow.ensure as PredicateName[] };
}

function bind(realm: Realm, binding: Binding, where: string, steps: Steps, mistakes: string[]): BoundStep[] {
  const plugin = steps.get(binding.step);
  if (!plugin) {
    mistakes.push(`${where}: there is no step ${binding.step}`);
    return [];
  }
  const settings = plugin.config.safeParse(binding.with);
  if (!settings.success) {
    mistakes.push(...settings.error.issues.map((issue) => `${where}: with.${issue.path.join('.')}: ${issue.message}`));
    return [];
  }
  return [{ ...binding, id: binding.id ?? binding.step, plugin, settings: settings.data, model: plugin.model(settings.data, realm) }];
}

function predicatesOf(flow: Flow): string[] {
  return [...flow.ensure, ...flow.bindings.flatMap((b) => conditionNames(b))];
}

export function conditionNames(binding: Pick<Binding, 'when' | 'unless' | 'any_of'>): string[] {
  return [...(binding.when ?? []), ...(binding.unless ?? []), ...(binding.any_of ?? [])];
}

/** Why a binding is asked or not. `explain` shows it, the engine acts on it: one judgement for both. */
export type Verdict = 'passed' | 'not asked' | 'settled' | 'current' | 'ahead';

export function judge(binding: BoundStep, journal: JournalEntry[], facts: Facts): Verdict {
  if (journal.some((entry) => entry.binding === binding.id)) return 'passed';
  if (!allowed(binding, (name) => holds(name, facts))) return 'not asked';
  if (settled(binding, (name) => holds(name, facts))) return 'settled';
  return 'current';
}

export function allowed(binding: BoundStep, holdsName: (name: string) => boolean): boolean {
  return (binding.when ?? []).every(holdsName)
    && !(binding.unless ?? []).some(holdsName)
    && (binding.any_of === undefined || binding.any_of.some(holdsName));
}

export function settled(binding: BoundStep, holdsName: (name: string) => boolean): boolean {
  return binding.model.settledBy !== undefined && binding.model.settledBy.every(holdsName);
}

/** Does the request name an organisation for which this person may not act? Which organisations there are is nobody's business. */
export function refusesNamed({ proofs, asNamed }: Pick<Facts, 'proofs' | 'asNamed'>): boolean {
  return proofs.length > 0 && !asNamed;
}

/** The first binding that is not passed, allowed by its conditions, and not settled. Computed anew each turn. */
export function currentBinding(flow: BoundFlow, journal: JournalEntry[], facts: Facts): BoundStep | undefined {
  // nothing that they do here helps
  if (refusesNamed(facts)) return undefined;
  return flow.bindings.find((binding) => judge(binding, journal, facts) === 'current');
}

/** What of `ensure` does not hold: empty when the run may end in a login. */
export function unmet(flow: BoundFlow, facts: Facts): PredicateName[] {
  // these are asked of every flow, also of one whose author forgot to write them down
  return [...new Set<PredicateName>([...flow.ensure, 'identified', 'level_reached', 'organisation_as_named', ...decidedByPortal])].filter((name) => !holds(name, facts));
}

/**
 * Does a flow ask what an account has to log in with? Only then is that loaded at every use of a token. What a step is
 * settled by, the flow must name too (`bindFlow` sees to it): here the steps are not known.
 */
export function usesCredentials(realm: Realm, flowId: string): boolean {
  const flow = realm.flows[flowId];
  if (!flow) return false;
  const known = askers.get(flow) ?? conditionsOf(flow).some(isAboutCredentials);
  askers.set(flow, known);
  return known;
}

/** Does a flow ask for which organisation somebody acts, rather than read it from what was shown? */
export function choosesOrganisation(flow: BoundFlow): boolean {
  return flow.bindings.some(({ model }) => model.passes && model.gives.includes('organisation_known'));
}

/** What a flow ensures about an organisation: for which of several somebody can be let in. Whether one fits asks for these themselves. */
export function ensuredOfOrganisation(realm: Realm, flowId: string): PredicateName[] {
  const ensure = realm.flows[flowId]?.ensure ?? [];
  return aboutTheOrganisation.filter((name) => name !== 'organisation_fits' && ensure.includes(name));
}

const askers = new WeakMap<Flow, boolean>();

function isAboutCredentials(name: unknown): boolean {
  return aboutCredentials.some((one) => one === name);
}

/** Names of predicates anywhere in a flow, also in the settings of its gates. */
function conditionsOf(flow: Flow): unknown[] {
  return [...predicatesOf(flow), ...flow.bindings.flatMap((binding) => Object.values(binding.with))];
}

export function portalOf(realm: Realm, portalId: string): Portal | undefined {
  return realm.portals.find((portal) => portal.id === portalId);
}
