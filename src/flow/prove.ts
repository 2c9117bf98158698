import type { Portal, Realm } from '../config/schema.ts';
import { keepsHours } from '../domain/opening.ts';
import { reachOf, rankAsked } from './demand.ts';
import { rankOf } from './levels.ts';
import { allowed, bindFlow, conditionNames, FlowError, settled, type BoundFlow, type BoundStep, type Steps } from './flow.ts';
import { decidedByPortal, exclusions, implications, predicateNames, type PredicateName } from './predicates.ts';

/** One way in which a flow cannot be trusted, with the path that shows it. */
export type Complaint = { flow: string; portal: string; message: string; path: string[] };

type Known = ReadonlyMap<PredicateName, boolean>;
type Walk = { flow: BoundFlow; realm: Realm; portal: Portal; reached: Set<string>; ends: number; complaints: Map<string, Complaint> };

/**
 * Explores every combination of predicates that each portal's flow can meet. A predicate nobody has looked at is
 * unknown and is tried both ways when it is first needed, so that a session that already proved something is covered too.
 * @returns the complaints; none means that no run can end below the portal's level or without what `ensure` asks, outside
 * the portal's networks, while all of its applications are closed, or at all when it is open for registration only; that nobody replaces what lets them in
 * before the flow's guard of it holds; that every flow can end for who brings no
 * session (at the gate, when only registration is open), that every binding can be reached, and that its clients' levels can
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
  const constant = decidedFor(realm, portal);
  // the flow must lead in once the portal opens; that nobody gets in before is looked at below
  const opened = new Map([...constant, ['portal_open', true] as const]);
  // who comes for the first time brings nothing at all, and must be able to get in from where and when the portal can be reached
  explore(walk, new Map([...predicateNames.map((name) => [name, false] as const), ...opened, ['network_allowed', true], ['applications_open', true]]), new Set(), []);
  if (walk.ends === 0) complain(walk, 'no run can ever end in a login', []);
  // a mark is made in the run itself: no session brings one along
  explore(walk, new Map([['claims_administrator', false], ...opened]), new Set(), []);
  if (portal.open === 'registration') explore(walk, new Map([['claims_administrator', false], ...constant]), new Set(), []);
  for (const binding of flow.bindings) {
    // a gate that this portal never closes is there for other portals with the same flow
    if (!walk.reached.has(binding.id) && !namesOf(binding).some((name) => constant.has(name))) complain(walk, `binding ${binding.id} can never be reached`, []);
  }
  for (const { client_id, level } of portal.clients) {
    if (level !== undefined && rankAsked(realm, level) > reachOf(realm, flow)) complain(walk, `client ${client_id} asks level ${level}, which no way through the flow reaches`, []);
  }
  return [...walk.complaints.values()];
}

/** What the portal's own file has decided before anybody comes. Where networks or hours are named, both sides of them are tried. */
function decidedFor(realm: Realm, portal: Portal): Map<PredicateName, boolean> {
  const always = [...(portal.networks.length === 0 ? ['network_allowed' as const] : []), ...(keepsHours(realm, portal) ? [] : ['applications_open' as const])];
  return new Map<PredicateName, boolean>([['portal_open', portal.open === 'everyone'], ...always.map((name) => [name, true] as const)]);
}

function namesOf(binding: BoundStep): PredicateName[] {
  return [...conditionNames(binding), ...(binding.model.settledBy ?? [])] as PredicateName[];
}

function explore(walk: Walk, known: Known, passed: ReadonlySet<string>, path: string[]): void {
  for (const binding of walk.flow.bindings) {
    if (passed.has(binding.id)) continue;
    const open = namesOf(binding).find((name) => !known.has(name));
    if (open !== undefined) return branch(walk, known, passed, path, open);
    const value = (name: string): boolean => known.get(name as PredicateName) === true;
    if (!allowed(binding, value) || settled(binding, value)) continue;
    walk.reached.add(binding.id);
    for (const name of binding.model.guardedBy ?? []) {
      if (walk.flow.ensure.includes(name) && !value(name)) complain(walk, `binding ${binding.id} can be reached without ${name}`, path);
    }
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

/** A predicate, and what cannot be otherwise when it holds. */
function following(name: PredicateName): PredicateName[] {
  return [name, ...implications.filter(([stronger]) => stronger === name).flatMap(([, weaker]) => following(weaker))];
}

function after(walk: Walk, known: Known, binding: BoundStep): Known {
  const { forgets = [], gives, reaches } = binding.model;
  const next = new Map(known);
  for (const name of forgets) next.delete(name);
  // what it gives is so from now on, with all that follows from it, whatever was so before
  for (const name of gives.flatMap(following)) next.delete(name);
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
  // the engine asks these of every flow, with a page that explains nothing: a gate of the flow must come first
  for (const name of new Set([...walk.flow.ensure, ...decidedByPortal])) {
    if (known.get(name) !== true) complain(walk, `a run can end without ${name}`, path);
  }
}

function complain(walk: Walk, message: string, path: string[]): void {
  // the first path is enough: a hundred variations of it help nobody
  if (!walk.complaints.has(message)) walk.complaints.set(message, { flow: walk.flow.id, portal: walk.portal.id, message, path });
}
