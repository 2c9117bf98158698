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
