import { z } from 'zod';
import { bindingSchema, portalSchema, type Portal, type Realm } from '../../src/config/schema.ts';
import { BROKER_ANSWER, Engine } from '../../src/flow/engine.ts';
import type { BrokerProof, JournalEntry } from '../../src/flow/facts.ts';
import type { Steps } from '../../src/flow/flow.ts';
import { defineStep, type BrokerEvent, type Outcome, type Step } from '../../src/flow/step.ts';
import type { Turn, Viewer } from '../../src/flow/turn.ts';
import type { Database } from '../../src/store/database.ts';
import { issueTicket } from '../../src/store/tickets.ts';
import { exampleRealm, noon, vault } from './house.ts';

export const viewer: Viewer = { address: '192.0.2.1', language: 'nl', remembered: {} };

/** A step for tests: passes whatever is posted, proves nothing, and is what `parts` says otherwise. */
export function tiny(id: string, parts: Partial<Step<never, never, never>> = {}): Step {
  return defineStep({
    id, config: z.record(z.string(), z.unknown()), state: z.unknown(), input: z.record(z.string(), z.string()), secrets: [],
    model: () => ({ passes: true, gives: [] }), page: () => ({}), submit: async (): Promise<Outcome<unknown>> => ({ kind: 'pass' }),
    ...parts as Partial<Step<unknown, unknown, unknown>>,
  } as Step<unknown, unknown, unknown>);
}

/** Proves who somebody is: `account`, `organisation` and `level` are typed into the form. */
export const name = tiny('name', {
  secrets: ['password'],
  model: () => ({ settledBy: ['identified', 'level_reached'], passes: true, gives: ['identified', 'registered'], forgets: ['account_active'], reaches: 'substantial' }),
  submit: async (run: { now: number }, { account, organisation, level = 'substantial', password }: Record<string, string>) => {
    if (password === 'wrong') return { kind: 'ask', problems: [{ field: 'password', code: 'name.wrong' }] };
    return { kind: 'pass', proofs: [{ factor: 'name', level, at: run.now }], ...(account && { accountId: account }), ...(organisation && { organisationId: organisation }) };
  },
} as never);

export const stepsOf = (...list: Step[]): Steps => new Map(list.map((step) => [step.id, step]));

export function portalWith(changes: Partial<z.input<typeof portalSchema>> = {}): Portal {
  return { ...portalSchema.parse({ name: 'Portaal', service: 'Dienst', url: 'http://localhost:9/portaal/', flow: 'main', level: 'low', ...changes }), id: 'portaal' };
}

/** A realm with one portal and one flow, `main`; a binding that is only a word is a step without settings. */
export function realmWith(bindings: (string | z.input<typeof bindingSchema>)[], { ensure = ['identified'], portal = {}, realm = {} }: { ensure?: string[]; portal?: Partial<z.input<typeof portalSchema>>; realm?: Partial<Realm> } = {}): Realm {
  return exampleRealm({
    flows: { main: { ensure, bindings: bindings.map((b) => bindingSchema.parse(typeof b === 'string' ? { step: b } : b)) } },
    portals: [portalWith(portal)], ...realm,
  });
}

export type Walk = {
  engine: Engine;
  database: Database;
  show(): Promise<Turn>;
  /** posts to the page that is there now, unless told otherwise; then shows what came of it */
  post(fields?: Record<string, string>, other?: { binding?: string; version?: number }): Promise<Turn>;
  /** sends the browser to a broker and gives the handle under which its answer waits */
  answer(binding: string, event: BrokerEvent): Promise<string>;
  resume(handle: string): Promise<Turn>;
  clock: { now: number };
};

export type WalkOptions = { realm: Realm; steps: Steps; database: Database; id?: string; seed?: Omit<JournalEntry, 'binding'>; levelId?: string; since?: number; clock?: { now: number } };

/** A run of the realm's only portal, at its beginning. */
export async function begin({ realm, steps, database, id = 'run', seed, levelId, since, clock = { now: noon } }: WalkOptions): Promise<Walk> {
  const portal = realm.portals[0]!;
  const engine = new Engine({ realm, steps, database, vault, clock: () => clock.now, depart: async (broker, request) => ({ message: { to: broker, ...request }, pending: { asked: broker } }) });
  await engine.start({ id, portal, clientId: 'client', request: { levelId: levelId ?? portal.level, ...(levelId !== undefined && { levelBy: 'request' }), ...(since !== undefined && { since }), redirectUri: 'https://portal.example/cb', state: 's' }, now: clock.now, ...(seed && { seed }) });
  const show = (): Promise<Turn> => engine.show(id, viewer);
  return {
    engine, database, clock, show,
    async post(fields = {}, other = {}) {
      const now = await show();
      const { binding = '', version = -1 } = now.kind === 'page' ? now : {};
      return engine.submit(id, { binding, version, ...other, fields }, viewer);
    },
    answer: (binding, event) => issueTicket(database.db, { kind: BROKER_ANSWER, runId: id, payload: { binding, event }, ttl: 300, now: clock.now }),
    resume: (handle) => engine.resume(id, handle, viewer),
  };
}

/** The binding whose page is shown, or what there is instead of a page. */
export function whereIs(turn: Turn): string {
  if (turn.kind === 'page') return turn.binding;
  return turn.kind === 'end' ? `end ${turn.code}` : turn.kind;
}

export function brokerAnswer(identity: BrokerProof, level = 'substantial', at = noon): BrokerEvent {
  return { kind: 'broker', broker: identity.id, ok: true, identity, level, at };
}
