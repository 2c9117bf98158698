import type { Portal, Realm } from '../config/schema.ts';
import { allowed, bindFlow, conditionNames, FlowError, rankOf, settled, type BoundFlow, type BoundStep, type Steps } from './flow.ts';
import { exclusions, implications, predicateNames, type PredicateName } from './predicates.ts';

/** One way in which a flow cannot be trusted, with the path that shows it. */
export type Complaint = { flow: string; portal: string; message: string; path: string[] };

type Known = ReadonlyMap<PredicateName, boolean>;
type Walk = { flow: BoundFlow; realm: Realm; portal: Portal; reached: Set<string>; ends: number; complaints: Map<string, Complaint> };

/**
 * Explores every combination of predicates that each portal's flow can meet. A predicate nobody has looked at is
 * unknown and is tried both ways when it is first needed, so that a session that already proved something is covered too.
 * @returns the complaints; none means that no run can end below the portal's level or without what `ensure` asks, that
 * every flow can end for who brings no session, and that every binding can be reached
 */
export function proveRealm(realm: Realm, steps: Steps): Complaint[] {
  return realm.portals.flatMap((portal) => provePortal(realm, portal, steps));
}

export function provePortal(realm: Realm, portal: Portal, steps: Steps): Complaint[] {
  let flow: BoundFlow;
  try {
    flow = bindFlow(realm, portal.flow, steps);
  } catch (error) {
    if (!(error instanceof FlowError)) throw error;
    return error.mistakes.map((message) => ({ flow: portal.flow, portal: portal.id, message, path: [] }));
  }
  const walk: Walk = { flow, realm, portal, reached: new Set(), ends: 0, complaints: new Map() };
  // who comes for the first time brings nothing at all, and must be able to get in
  explore(walk, new Map(predicateNames.map((name) => [name, false])), new Set(), []);
  if (walk.ends === 0) complain(walk, 'no run can ever end in a login', []);
  // a mark is made in the run itself: no session brings one along
  explore(walk, new Map([['claims_administrator', false]]), new Set(), []);
  for (const binding of flow.bindings) {
    if (!walk.reached.has(binding.id)) complain(walk, `binding ${binding.id} can never be reached`, []);
  }
  return [...walk.complaints.values()];
}

function explore(walk: Walk, known: Known, passed: ReadonlySet<string>, path: string[]): void {
  for (const binding of walk.flow.bindings) {
    if (passed.has(binding.id)) continue;
    const open = [...conditionNames(binding), ...(binding.model.settledBy ?? [])].find((name) => !known.has(name as PredicateName));
    if (open !== undefined) return branch(walk, known, passed, path, open as PredicateName);
    const value = (name: string): boolean => known.get(name as PredicateName) === true;
    if (!allowed(binding, value) || settled(binding, value)) continue;
    walk.reached.add(binding.id);
    if (binding.model.passes) explore(walk, after(walk, known, binding), new Set([...passed, binding.id]), [...path, binding.id]);
    return;
  }
  judgeEnd(walk, known, path);
}

function branch(walk: Walk, known: Known, passed: ReadonlySet<string>, path: string[], name: PredicateName): void {
  for (const value of [true, false]) {
    const next = assume(known, name, value);
    if (next) explore(walk, next, passed, [...path, value ? name : `not ${name}`]);
  }
}

/** Adds what follows from it; undefined when it cannot be. */
export function assume(known: Known, name: PredicateName, value: boolean): Known | undefined {
  if (known.has(name)) return known.get(name) === value ? known : undefined;
  let next: Known | undefined = new Map(known).set(name, value);
  for (const [stronger, weaker] of implications) {
    if (value && stronger === name) next = next && assume(next, weaker, true);
    if (!value && weaker === name) next = next && assume(next, stronger, false);
  }
  for (const pair of value ? exclusions : []) {
    const other = pair.find((one) => one !== name);
    if (pair.includes(name) && other) next = next && assume(next, other, false);
  }
  return next;
}

function after(walk: Walk, known: Known, binding: BoundStep): Known {
  const { forgets = [], gives, reaches } = binding.model;
  const next = new Map(known);
  for (const name of forgets) next.delete(name);
  for (const name of gives) next.delete(name);
  // a level below the portal's own can never be enough; one at or above it still depends on what is asked
  if (reaches !== undefined) {
    next.delete('level_reached');
    if (rankOf(walk.realm, reaches) < rankOf(walk.realm, walk.portal.level)) next.set('level_reached', false);
  }
  return gives.reduce<Known>((sum, name) => assume(sum, name, true) ?? new Map(sum).set(name, true), next);
}

function judgeEnd(walk: Walk, known: Known, path: string[]): void {
  walk.ends += 1;
  if (known.get('level_reached') !== true) {
    complain(walk, `a run can end below level ${walk.portal.level} of portal ${walk.portal.id}`, path);
  }
  for (const name of walk.flow.ensure) {
    if (known.get(name) !== true) complain(walk, `a run can end without ${name}`, path);
  }
}

function complain(walk: Walk, message: string, path: string[]): void {
  // the first path is enough: a hundred variations of it help nobody
  if (!walk.complaints.has(message)) walk.complaints.set(message, { flow: walk.flow.id, portal: walk.portal.id, message, path });
}
