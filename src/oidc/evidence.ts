import type { KoaContextWithOIDC } from 'oidc-provider';
import type { Realm } from '../config/schema.ts';
import type { Engine } from '../flow/engine.ts';
import { SESSION } from '../flow/demand.ts';
import type { JournalEntry } from '../flow/facts.ts';
import type { RunRequest } from '../flow/run.ts';
import type { Judgement } from '../flow/turn.ts';
import type { Database } from '../store/database.ts';
import type { SessionRow } from '../store/sessions.ts';
import { portalOfClient } from './clients.ts';
import { demandOf } from './demand.ts';
import { sessionOf } from './session.ts';

/** What is known of the browser's person: from the run that just ended, else from the Sluis session. */
export type Evidence = { journal: JournalEntry[]; /** what the run that just ended was asked */ run?: RunRequest };

/** The part of an interaction result that is ours. */
export type SluisResult = { sluis?: { run: string } };

/** The run whose login this request brings. */
export function runOf(ctx: KoaContextWithOIDC): string | undefined {
  return (ctx.oidc.result as SluisResult | undefined)?.sluis?.run;
}

/**
 * Has the run whose login this request brings begun anew since it was done? The provider has just put its person into the browser's
 * session: where there is no session of ours, that one is nobody's again.
 */
export async function wasThrownOut(ctx: KoaContextWithOIDC, realm: Realm, engine: Engine, database: Database): Promise<boolean> {
  const { session } = ctx.oidc;
  const runId = runOf(ctx);
  if (!session || runId === undefined || (await engine.look(runId))?.row.status === 'done') return false;
  if (!await sessionOf(ctx, realm, database, engine.now())) delete session.accountId;
  return true;
}

export async function evidenceOf(ctx: KoaContextWithOIDC, realm: Realm, engine: Engine, database: Database): Promise<Evidence> {
  const runId = runOf(ctx);
  if (runId !== undefined) {
    const run = await engine.look(runId);
    return run?.row.status === 'done' ? { journal: withResult(run.journal, run.row.account_id, run.row.organisation_id), run: run.request } : { journal: [] };
  }
  const session = await sessionOf(ctx, realm, database, engine.now());
  return { journal: session ? [{ binding: SESSION, ...sessionEntry(session) }] : [] };
}

/** What a session brings along into a journal. */
export function sessionEntry({ created_at, proofs, account_id, organisation_id }: SessionRow): Omit<JournalEntry, 'binding'> {
  return { at: created_at, ...JSON.parse(proofs) as Pick<JournalEntry, 'proofs'>, accountId: account_id, ...(organisation_id && { organisationId: organisation_id }) };
}

/** The account and organisation that a run ended with stay what they are. */
function withResult(journal: JournalEntry[], accountId: string | null, organisationId: string | null): JournalEntry[] {
  return [...journal, { binding: '@result', at: 0, proofs: [], ...(accountId && { accountId }), ...(organisationId && { organisationId }) }];
}

/**
 * What a request comes to without anybody doing anything. A run that just ended is judged by the moment from which it
 * counted: what was fresh when it was shown does not become stale on the last page. Undefined for a client without a portal.
 */
export async function judgementOf(ctx: KoaContextWithOIDC, realm: Realm, engine: Engine, database: Database): Promise<Judgement | undefined> {
  const portal = portalOfClient(realm, ctx.oidc.client);
  if (!portal) return undefined;
  const { journal, run } = await evidenceOf(ctx, realm, engine, database);
  const { since, ...demand } = demandOf(ctx, realm, portal, engine.now());
  const counted = run ? run.since : since;
  return engine.judge(portal, { ...demand, ...(counted !== undefined && { since: counted }) }, journal);
}
