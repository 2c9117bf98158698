import type { Portal } from '../config/schema.ts';
import type { Facts, JournalEntry } from './facts.ts';
import type { PredicateName } from './predicates.ts';
import type { OpenRun, RunRequest } from './run.ts';
import type { Page, Problem } from './step.ts';

/** The browser before us, as far as a step may know it. */
export type Viewer = { address: string; language: string; remembered: Record<string, string> };

/** What the browser gets to see after a turn. */
export type Turn =
  | { kind: 'page'; step: string; binding: string; version: number; page: Page; problems: Problem[]; values: Record<string, string>; run: OpenRun }
  | { kind: 'leave'; broker: string; handle: string; message: unknown; run: OpenRun }
  | { kind: 'done'; run: OpenRun }
  | { kind: 'end'; code: string; params: Record<string, string | number>; fine: boolean; /** of the request that ended it */ reference?: string; run: OpenRun }
  /** the post was for a page that is no longer the current one: nothing changed */
  | { kind: 'stale'; run: OpenRun }
  | { kind: 'expired'; run: OpenRun }
  | { kind: 'unknown' };

/** Sends the browser to a broker. `message` goes to HTTP untouched; `pending` is kept in the ticket. */
export type Depart = (broker: string, request: { relay: string; levelId: string; /** somebody who is logged in there must log in again */ fresh: boolean; language: string }) => Promise<{ message: unknown; pending: unknown }>;

export type StartRun = {
  id: string;
  portal: Portal;
  clientId: string;
  request: RunRequest;
  /** what the Sluis session already proved */
  seed?: Omit<JournalEntry, 'binding'>;
  now: number;
};

/** What an authorization comes to without anybody doing anything. */
export type Judgement = {
  facts: Facts;
  /** what of `ensure` does not hold */
  lacking: PredicateName[];
  /** nothing lacks and nothing is to be asked */
  admitted: boolean;
  /** more is asked than any way through the flow can show */
  outOfReach: boolean;
};

/** What happened in runs, for who counts: no person, no run. `reason` is the end code of a refusal. */
export type FlowEvent =
  | { kind: 'login'; portal: string; result: 'started' | 'completed' | 'refused' | 'ended' | 'cancelled'; reason?: string }
  | { kind: 'step'; portal: string; step: string; outcome: 'passed' | 'refused' | 'left' | 'denied' | 'asked' };

/** What a turn means for the login it is of; undefined while that goes on. */
export function loginEvent(turn: Turn | undefined): FlowEvent | undefined {
  if (turn?.kind === 'done') return { kind: 'login', portal: turn.run.portal.id, result: 'completed' };
  if (turn?.kind !== 'end') return undefined;
  return { kind: 'login', portal: turn.run.portal.id, result: turn.fine ? 'ended' : 'refused', reason: turn.code };
}

export function stepEvent(portal: string, step: string, outcome: { kind: 'ask' | 'leave' | 'pass' | 'deny' | 'choose'; problems?: unknown[] }): FlowEvent {
  const words = { ask: outcome.problems?.length ? 'refused' : 'asked', leave: 'left', pass: 'passed', deny: 'denied', choose: 'asked' } as const;
  return { kind: 'step', portal, step, outcome: words[outcome.kind] };
}
