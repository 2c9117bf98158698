import type { z } from 'zod';
import type { Portal, Realm } from '../config/schema.ts';
import type { Vault } from '../domain/vault.ts';
import type { Db } from '../store/schema.ts';
import type { Facts, Proof } from './facts.ts';
import type { PredicateName } from './predicates.ts';

/** A thing said about what somebody typed. `code` is stable: it is the text key, the `data-problem` and the audit reason. */
export type Problem = { field?: string; code: string; params?: Record<string, string | number> };

/**
 * Thrown by a commit that finds its work overtaken by another turn (a code used twice, a form posted twice): the whole
 * turn is undone and the person sees the page as it is now.
 */
export class Overtaken extends Error {}

/** Runs inside the turn's transaction; must not wait for anything but the database. */
export type Commit = (tx: Db) => Promise<void>;

/** A commit of things that can be done once; the first that says it was done before (false) undoes the turn. */
export function onceOnly(...works: ((tx: Db) => Promise<boolean>)[]): Commit {
  return async (tx) => {
    for (const work of works) if (!await work(tx)) throw new Overtaken();
  };
}

export type Outcome<State> =
  /** the same page again, with what is wrong */
  | { kind: 'ask'; problems?: Problem[]; state?: State; commit?: Commit }
  /** to a broker; the engine issues the ticket that leads back to this binding */
  | { kind: 'leave'; broker: string; state?: State; commit?: Commit }
  /** shown: on to the next binding */
  | { kind: 'pass'; proofs?: Proof[]; accountId?: string; organisationId?: string; marks?: Record<string, string>; state?: State; commit?: Commit }
  /** nothing was shown: the person wants another way, which the conditions of the flow know by this mark */
  | { kind: 'choose'; marks: Record<string, string> }
  /** refused, or (`ended: 'fine'`) come to a good end that is not a login */
  | { kind: 'deny'; code: string; params?: Record<string, string | number>; ended?: 'fine' | 'refused'; commit?: Commit };

/** What a page shows: plain data for the step's own view. Everything a person reads is a text key or comes from here. */
export type Page = Record<string, unknown> & { /** another title than the text `<id>.title` */ title?: { key: string; params?: Record<string, string | number> } };

/** Everything a step may see of the run it is in. */
export type Run<Config, State> = {
  id: string;
  /** names this turn of this run: what is made of it works once, since of all who post to the page one takes the turn */
  turn: string;
  realm: Realm;
  portal: Portal;
  facts: Facts;
  config: Config;
  state: State | undefined;
  language: string;
  /** remembered outside the run (cookie), e.g. the broker chosen last */
  remembered: Record<string, string>;
  /** the login name that the portal expects (`login_hint`); nobody has shown anything by it */
  hint: string | undefined;
  /** id of the organisation for which this same person acted in the session that the run began in */
  former: string | undefined;
  /** they asked to choose again */
  choosing: boolean;
  /** client address, for throttles and audit */
  address: string;
  /** reads outside the turn's transaction; writes belong in a commit. Counters are the exception: see domain/throttle. */
  db: Db;
  /** opens and seals secrets that are kept in the database */
  vault: Vault;
  now: number;
  audit: (entry: { event: string; outcome?: 'success' | 'refused' | 'failed'; reason?: string; /** when it is about another than the one in view */ organisationId?: string; detail?: Record<string, unknown> }) => Commit;
};

/** What a broker answered, already verified. */
export type BrokerEvent =
  | { kind: 'broker'; broker: string; ok: true; identity: import('./facts.ts').BrokerProof; level: string; at: number }
  | { kind: 'broker'; broker: string; ok: false; code: string };

/** What the prover must know of a binding: it walks every combination of predicates with it. */
export type StepModel = {
  /** settled (skipped) when all of these hold; absent: never settled, only passed */
  settledBy?: PredicateName[];
  /** false: this step only ever refuses or ends the run */
  passes: boolean;
  /** predicates that hold after it passed */
  gives: PredicateName[];
  /** highest level (id) that it can earn */
  reaches?: string;
  /** what must hold before anybody gets here, where the flow ensures it: the step changes what lets its person in */
  guardedBy?: PredicateName[];
  /** predicates about which nothing is known any more after it passed (another account came into view) */
  forgets?: PredicateName[];
};

/**
 * A step: a plug-in that knows no HTTP. One folder under src/steps with step.ts, view.ejs, texts/ and its test,
 * and one line in src/steps/index.ts.
 */
export type Step<Config = unknown, State = unknown, Input = unknown> = {
  id: string;
  /** settings of a binding, from the `with` of the flow */
  config: z.ZodType<Config>;
  /** journal-side memory of the step, kept in the run; checked when read back */
  state: z.ZodType<State>;
  /** the form */
  input: z.ZodType<Input>;
  /** names of input fields that are never kept or shown again */
  secrets: string[];
  model(config: Config, realm: Realm): StepModel;
  /** first arrival; the only place that may cause a first message to be sent */
  enter?(run: Run<Config, State>): Promise<Outcome<State>>;
  /** pure: what the page shows */
  page(run: Run<Config, State>): Page | Promise<Page>;
  submit(run: Run<Config, State>, input: Input): Promise<Outcome<State>>;
  resume?(run: Run<Config, State>, event: BrokerEvent): Promise<Outcome<State>>;
};

/** Keeps the types of a step together while the list of steps forgets them. */
export function defineStep<Config, State, Input>(step: Step<Config, State, Input>): Step {
  return step as unknown as Step;
}
