import type { Portal, Realm } from '../config/schema.ts';
import { updateAccount } from '../store/accounts.ts';
import { appendAudit } from '../store/audit.ts';
import type { Vault } from '../domain/vault.ts';
import type { Database } from '../store/database.ts';
import { insertRun, saveRun } from '../store/runs.ts';
import type { Db } from '../store/schema.ts';
import { issueTicket, newHandle, peekTicket, redeemTicket } from '../store/tickets.ts';
import { ended, endOf } from './end.ts';
import type { Facts, JournalEntry } from './facts.ts';
import { bindFlow, choosesOrganisation, currentBinding, refusesNamed, unmet, type BoundFlow, type BoundStep, type Steps } from './flow.ts';
import { outOfReach, SESSION, type Demand } from './demand.ts';
import { patchOf, type Move, type Patch } from './patch.ts';
import { gatherFacts, openRun, readRun, type OpenRun } from './run.ts';
import { Overtaken, type BrokerEvent, type Outcome, type Run } from './step.ts';
import { auditOf, entryOf, noteRun } from './trail.ts';
import { loginEvent, stepEvent, type Depart, type FlowEvent, type Judgement, type StartRun, type Turn, type Viewer } from './turn.ts';

type Options = { realm: Realm; steps: Steps; database: Database; depart: Depart; vault: Vault; clock: () => number; /** told of what was committed */ observe?: (event: FlowEvent) => void };

/** Ticket kinds: the way back from a broker, and its verified answer waiting for the browser. */
export const BROKER_REQUEST = 'broker.request';
export const BROKER_ANSWER = 'broker.answer';

/** Runs flows. Knows no step and no HTTP. One turn is one transaction: version, ticket, commit, messages and audit. */
export class Engine {
  private readonly realm: Realm;
  private readonly database: Database;
  private readonly depart: Depart;
  /** of the realm: opens and seals what is kept in the database, and what browsers keep */
  readonly vault: Vault;
  private readonly clock: () => number;
  private readonly observe: (event: FlowEvent) => void;
  private readonly flows: ReadonlyMap<string, BoundFlow>;

  /** @throws FlowError when a flow names a step, setting or predicate that does not exist */
  constructor({ realm, steps, database, depart, vault, clock, observe = () => undefined }: Options) {
    this.realm = realm;
    this.database = database;
    this.depart = depart;
    this.vault = vault;
    this.clock = clock;
    this.observe = observe;
    this.flows = new Map(Object.keys(realm.flows).map((id) => [id, bindFlow(realm, id, steps)]));
  }

  /** epoch seconds, by the clock of this installation */
  now(): number {
    return this.clock();
  }

  private flowOf(id: string): BoundFlow {
    const flow = this.flows.get(id);
    if (!flow) throw new Error(`flow ${id} is gone from the configuration`);
    return flow;
  }

  private runFor(run: OpenRun, binding: BoundStep, viewer: Viewer, db: Db): Run<unknown, unknown> {
    const state = binding.plugin.state.safeParse(run.state[binding.id]);
    const { loginHint, former, choose } = run.request;
    return {
      id: run.row.id, turn: `${run.row.id}:${binding.id}:${run.row.version}`, realm: this.realm, portal: run.portal, facts: run.facts, config: binding.settings,
      // state that no longer fits (a new version of the step) is as if the step were new
      state: state.success ? state.data : undefined,
      language: viewer.language, remembered: viewer.remembered, hint: loginHint,
      former: former?.accountId === run.facts.account?.id ? former?.organisationId : undefined, choosing: choose === true, address: viewer.address, db, vault: this.vault, now: run.facts.now,
      audit: (entry) => (tx) => appendAudit(tx, auditOf(run, viewer, { outcome: 'success', action: 'E', ...entry })),
    };
  }

  async look(id: string, viewer?: Viewer): Promise<OpenRun | undefined> {
    return openRun(this.database.db, this.realm, id, this.clock(), viewer?.address);
  }

  /** Writes that the person gave up: they go back to the portal without a login. */
  async abandon(run: OpenRun, viewer: Viewer): Promise<void> {
    noteRun(this.realm, run);
    await appendAudit(this.database.db, auditOf(run, viewer, { event: 'login.cancelled', action: 'E', outcome: 'refused' }));
    this.observe({ kind: 'login', portal: run.portal.id, result: 'cancelled' });
  }

  /** Judges what is not a page: done, ended, expired. */
  private closed(run: OpenRun): Turn | undefined {
    if (run.row.status === 'done') return { kind: 'done', run };
    if (run.row.status === 'ended') return ended(run);
    if (run.row.expires_at <= run.facts.now) return { kind: 'expired', run };
    return undefined;
  }

  async show(id: string, viewer: Viewer): Promise<Turn> {
    const run = await this.look(id, viewer);
    if (!run) return { kind: 'unknown' };
    const end = this.closed(run);
    if (end) return end;
    const current = currentBinding(this.flowOf(run.row.flow), run.journal, run.facts);
    const fresh = current !== undefined && run.state[`${current.id}@`] !== undefined;
    // arriving at a binding, or at the end, is a turn of its own
    if (!fresh) {
      const turn = await attempt(() => this.database.transaction((tx) => this.arrive(tx, run, viewer)));
      return turn === 'overtaken' || turn === undefined ? this.show(id, viewer) : this.told(turn);
    }
    return this.pageOf(run, current, viewer);
  }

  private async pageOf(run: OpenRun, binding: BoundStep, viewer: Viewer): Promise<Turn> {
    const notice = run.notice?.binding === binding.id ? run.notice : undefined;
    return {
      kind: 'page', step: binding.plugin.id, binding: binding.id, version: run.row.version, run,
      page: await binding.plugin.page(this.runFor(run, binding, viewer, this.database.db)),
      problems: notice?.problems ?? [], values: notice?.values ?? {},
    };
  }

  async submit(id: string, post: { binding: string; version: number; fields: Record<string, string> }, viewer: Viewer): Promise<Turn> {
    const run = await this.look(id, viewer);
    if (!run) return { kind: 'unknown' };
    const end = this.closed(run);
    if (end) return end;
    const current = currentBinding(this.flowOf(run.row.flow), run.journal, run.facts);
    if (!current || current.id !== post.binding || run.row.version !== post.version) return { kind: 'stale', run };
    const input = current.plugin.input.safeParse(post.fields);
    const values = Object.fromEntries(Object.entries(post.fields).filter(([name]) => !current.plugin.secrets.includes(name)));
    const outcome: Outcome<unknown> = input.success
      ? await current.plugin.submit(this.runFor(run, current, viewer, this.database.db), input.data)
      : { kind: 'ask', problems: [{ code: 'input.unreadable' }] };
    return this.take(run, viewer, { outcome, binding: current, values });
  }

  /**
   * Begins a refused run anew, without what a session brought along: the way out for who has another means or another
   * account. What was refused stays in the audit trail, and a level that an organisation asked stays asked: forgotten, the
   * next login would be as low and end the same way. Not where another organisation may be chosen, whose level is asked after
   * that. An `open` one begins anew when its session is over.
   */
  async restart(id: string, from: 'ended' | 'open' = 'ended'): Promise<void> {
    const run = await this.look(id);
    if (!run || run.row.status !== from || run.row.expires_at <= run.facts.now) return;
    const { levelId, by } = run.facts.required;
    const asked = choosesOrganisation(this.flowOf(run.row.flow)) ? {} : { levelId, levelBy: by };
    const patch: Patch = { request: JSON.stringify({ ...run.request, ...asked }), journal: '[]', state: '{}', notice: null, status: 'open', end_code: null, account_id: null, organisation_id: null };
    await attempt(() => this.database.transaction((tx) => this.lock(tx, run, patch)));
  }

  /** A broker's verified answer, waiting under a single-use handle, is taken into the run that it belongs to. */
  async resume(id: string, handle: string, viewer: Viewer): Promise<Turn> {
    const run = await this.look(id, viewer);
    if (!run) return { kind: 'unknown' };
    const end = this.closed(run);
    if (end) return end;
    const answer = await peekTicket<{ binding: string; event: BrokerEvent }>(this.database.db, BROKER_ANSWER, handle, run.facts.now);
    const current = currentBinding(this.flowOf(run.row.flow), run.journal, run.facts);
    if (!answer || answer.runId !== id || current?.id !== answer.payload.binding || !current.plugin.resume) return { kind: 'stale', run };
    const outcome = await current.plugin.resume(this.runFor(run, current, viewer, this.database.db), answer.payload.event);
    return this.take(run, viewer, { outcome, binding: current, ticket: { kind: BROKER_ANSWER, handle } });
  }

  private async take(run: OpenRun, viewer: Viewer, move: Move): Promise<Turn> {
    const departure = move.outcome.kind === 'leave' ? await this.prepare(run, viewer, move.outcome.broker) : undefined;
    const turn = await attempt(() => this.database.transaction(async (tx) => {
      if (move.ticket && !await redeemTicket(tx, move.ticket.kind, move.ticket.handle, run.facts.now)) throw new Overtaken();
      const next = await this.apply(tx, run, viewer, move);
      if (departure && move.outcome.kind === 'leave') {
        await issueTicket(tx, { kind: BROKER_REQUEST, runId: run.row.id, handle: departure.handle, ttl: this.realm.ttl.run, now: run.facts.now,
          payload: { binding: move.binding.id, broker: move.outcome.broker, pending: departure.pending } });
        return { kind: 'leave', broker: move.outcome.broker, handle: departure.handle, message: departure.message, run: next } satisfies Turn;
      }
      return move.outcome.kind === 'ask' ? undefined : this.arrive(tx, next, viewer);
    }));
    if (turn === 'overtaken') return { kind: 'stale', run };
    this.observe(stepEvent(run.portal.id, move.binding.step, move.outcome));
    return turn ? this.told(turn) : this.show(run.row.id, viewer);
  }

  private told(turn: Turn): Turn {
    const event = loginEvent(turn);
    if (event) this.observe(event);
    return turn;
  }

  private async prepare(run: OpenRun, viewer: Viewer, broker: string) {
    const handle = newHandle();
    return { handle, ...await this.depart(broker, { relay: handle, levelId: run.facts.required.levelId, fresh: run.facts.required.since !== undefined, language: viewer.language }) };
  }

  /** Walks on from where the run is: first arrivals, then a page (undefined) or the end. */
  private async arrive(tx: Db, run: OpenRun, viewer: Viewer): Promise<Turn | undefined> {
    const end = this.closed(run);
    if (end) return end;
    const current = currentBinding(this.flowOf(run.row.flow), run.journal, run.facts);
    if (!current) return this.finish(tx, run, viewer);
    const outcome: Outcome<unknown> = current.plugin.enter ? await current.plugin.enter(this.runFor(run, current, viewer, tx)) : { kind: 'ask' };
    // at first arrival nobody has chosen anything yet
    if (outcome.kind === 'leave') throw new Error(`step ${current.step} leaves on arrival`);
    const next = await this.apply(tx, run, viewer, { outcome, binding: current });
    return outcome.kind === 'ask' ? undefined : this.arrive(tx, next, viewer);
  }

  private async finish(tx: Db, run: OpenRun, viewer: Viewer): Promise<Turn> {
    const missing = unmet(this.flowOf(run.row.flow), run.facts);
    const outcome = missing.length > 0 ? 'refused' : 'success';
    const patch = missing.length > 0
      ? { status: 'ended' as const, end_code: endOf(refusesNamed(run.facts) ? 'organisation_refused' : 'flow_unsafe', { portal: run.portal.name }, false) }
      : { status: 'done' as const, account_id: run.facts.account?.id ?? null, organisation_id: run.facts.organisation?.id ?? null };
    const next = await this.store(tx, run, patch, viewer);
    noteRun(this.realm, next);
    if (outcome === 'success' && next.row.account_id) await updateAccount(tx, next.row.account_id, { last_login_at: run.facts.now });
    await appendAudit(tx, auditOf(next, viewer, {
      event: outcome === 'success' ? 'login.completed' : 'login.refused', action: 'E', outcome,
      detail: { level: this.realm.levels[run.facts.level]?.id, required: run.facts.required.levelId, by: run.facts.required.by, factors: run.facts.proofs.map((proof) => proof.broker?.id ?? proof.factor) },
      ...(missing.length > 0 && { reason: refusesNamed(run.facts) ? 'organisation_refused' : `ensure: ${missing.join(', ')}` }),
    }));
    return this.closed(next) ?? { kind: 'unknown' };
  }

  /** Writes one outcome: compare-and-set first, so that of two turns at once the second changes nothing. */
  private async apply(tx: Db, run: OpenRun, viewer: Viewer, move: Move): Promise<OpenRun> {
    const { outcome, binding } = move;
    const patch = patchOf(run, move);
    await this.lock(tx, run, patch);
    noteRun(this.realm, run);
    if (outcome.kind !== 'choose') await outcome.commit?.(tx);
    const next = await this.reread(tx, run, patch, viewer);
    noteRun(this.realm, next);
    const entry = entryOf(next, viewer, outcome, binding);
    if (entry) await appendAudit(tx, entry);
    return next;
  }

  private async lock(tx: Db, run: OpenRun, patch: Patch): Promise<void> {
    if (!await saveRun(tx, run.row.id, run.row.version, patch)) throw new Overtaken();
  }

  private async reread(tx: Db, run: OpenRun, patch: Patch, { address }: Viewer): Promise<OpenRun> {
    return readRun(tx, this.realm, run.portal, { ...run.row, ...patch, version: run.row.version + 1 }, run.facts.now, address);
  }

  private async store(tx: Db, run: OpenRun, patch: Patch, viewer: Viewer): Promise<OpenRun> {
    await this.lock(tx, run, patch);
    return this.reread(tx, run, patch, viewer);
  }

  async start({ id, portal, clientId, request, seed, now }: StartRun): Promise<void> {
    await this.database.transaction(async (tx) => {
      const journal: JournalEntry[] = seed && seed.proofs.length > 0 ? [{ binding: SESSION, ...seed }] : [];
      await insertRun(tx, {
        id, flow: portal.flow, portal: portal.id, client_id: clientId, request: JSON.stringify(request), journal: JSON.stringify(journal),
        state: '{}', notice: null, account_id: seed?.accountId ?? null, organisation_id: seed?.organisationId ?? null,
        status: 'open', end_code: null, created_at: now, expires_at: now + this.realm.ttl.run,
      });
    });
    this.observe({ kind: 'login', portal: portal.id, result: 'started' });
  }

  /** Can people choose at this portal for which organisation they act? */
  offersChoice({ flow }: Portal): boolean {
    return choosesOrganisation(this.flowOf(flow));
  }

  /** Would a run with these proofs end in a login at once? The question of every authorization, silent ones too. */
  async judge(portal: Portal, demand: Demand, journal: JournalEntry[]): Promise<Judgement> {
    const flow = this.flowOf(portal.flow);
    const facts = await gatherFacts(this.database.db, this.realm, portal, journal, demand, this.clock());
    const lacking = unmet(flow, facts);
    const admitted = lacking.length === 0 && currentBinding(flow, journal, facts) === undefined;
    return { facts, lacking, admitted, outOfReach: outOfReach(this.realm, flow, facts) };
  }

  /** Does what the portal's flow ensures still hold for these proofs? Asked of tokens, whose person nobody can ask anything. */
  async admits(portal: Portal, demand: Demand, journal: JournalEntry[]): Promise<Facts | undefined> {
    const facts = await gatherFacts(this.database.db, this.realm, portal, journal, demand, this.clock());
    // a token is used by the portal's server, which need not be where the person's browser must be
    return unmet(this.flowOf(portal.flow), facts).every((name) => name === 'network_allowed') ? facts : undefined;
  }

  /** Can nobody get in with what is asked of this run? */
  hopeless(run: OpenRun): boolean {
    return outOfReach(this.realm, this.flowOf(run.row.flow), run.facts);
  }
}

async function attempt<T>(work: () => Promise<T>): Promise<T | 'overtaken'> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Overtaken) return 'overtaken';
    throw error;
  }
}
