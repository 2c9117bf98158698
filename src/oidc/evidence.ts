import type { KoaContextWithOIDC } from 'oidc-provider';
import type { Portal, Realm } from '../config/schema.ts';
import type { Engine } from '../flow/engine.ts';
import type { Facts, JournalEntry } from '../flow/facts.ts';
import { rankOf } from '../flow/flow.ts';
import type { Database } from '../store/database.ts';
import { portalOfClient } from './clients.ts';
import { sessionOf } from './session.ts';

/** What is known of the browser's person: from the run that just ended, else from the Sluis session. */
export type Evidence = { journal: JournalEntry[]; runId?: string };

/** The part of an interaction result that is ours. */
export type SluisResult = { sluis?: { run: string } };

export async function evidenceOf(ctx: KoaContextWithOIDC, realm: Realm, engine: Engine, database: Database): Promise<Evidence> {
  const runId = (ctx.oidc.result as SluisResult | undefined)?.sluis?.run;
  if (runId !== undefined) {
    const run = await engine.look(runId);
    return run?.row.status === 'done' ? { journal: withResult(run.journal, run.row.account_id, run.row.organisation_id), runId } : { journal: [] };
  }
  const session = await sessionOf(ctx, realm, database, engine.now());
  if (!session) return { journal: [] };
  return { journal: [{ binding: '@session', at: session.created_at, ...JSON.parse(session.proofs) as Pick<JournalEntry, 'proofs'>,
    accountId: session.account_id, ...(session.organisation_id && { organisationId: session.organisation_id }) }] };
}

/** The account and organisation that a run ended with stay what they are. */
function withResult(journal: JournalEntry[], accountId: string | null, organisationId: string | null): JournalEntry[] {
  return [...journal, { binding: '@result', at: 0, proofs: [], ...(accountId && { accountId }), ...(organisationId && { organisationId }) }];
}

/**
 * The level a request must reach: the highest of the portal's and what is asked by `acr_values` (of several, the lowest
 * known one: any of them will do). Asking can raise, never lower. Unknown values ask nothing.
 */
export function requiredLevel(realm: Realm, portal: Portal, acrValues: unknown): string {
  const asked = typeof acrValues === 'string' ? acrValues.split(' ') : [];
  const ranks = asked.map((acr) => realm.levels.findIndex((level) => level.acr === acr)).filter((rank) => rank >= 0);
  const rank = Math.max(rankOf(realm, portal.level), ranks.length > 0 ? Math.min(...ranks) : -1);
  return realm.levels[rank]?.id ?? portal.level;
}

/** Facts of a request that may be answered at once; undefined when a person must do something first. */
export async function admitted(ctx: KoaContextWithOIDC, realm: Realm, engine: Engine, database: Database): Promise<Facts | undefined> {
  const portal = portalOfClient(realm, ctx.oidc.client);
  if (!portal) return undefined;
  const { journal } = await evidenceOf(ctx, realm, engine, database);
  return journal.length === 0 ? undefined : engine.satisfied(portal, requiredLevel(realm, portal, ctx.oidc.params?.['acr_values']), journal);
}
