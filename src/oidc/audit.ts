import type { KoaContextWithOIDC, Provider } from 'oidc-provider';
import { appendAudit, type Actor } from '../store/audit.ts';
import type { Database } from '../store/database.ts';
import { findGrant } from '../store/grants.ts';
import type { Db } from '../store/schema.ts';
import { write } from './unit.ts';

type Host = { provider: Provider; database: Database; clock: () => number; log: { error(detail: object, text: string): void } };
type Refusal = { error?: string };

/**
 * What the provider decides goes into the audit trail too, in the transaction of what the request writes: tokens issued and refused,
 * authorizations refused. A listener that throws would turn the answer into a 500, so none does.
 */
export function auditProvider(host: Host): void {
  const { provider, log } = host;
  const safely = (work: () => Promise<void>): void => { work().catch((error: unknown) => log.error({ err: error }, 'audit row not written')); };
  provider.on('grant.success', (ctx) => safely(() => record(host, ctx, 'token.issued')));
  provider.on('grant.error', (ctx, error) => safely(() => record(host, ctx, 'token.refused', error)));
  // a request that names no client of ours is noise that anybody can make without end: the log has it
  provider.on('authorization.error', (ctx, error) => { if (ctx.oidc.client) safely(() => record(host, ctx, 'authorization.refused', error)); });
  provider.on('server_error', (ctx, error) => log.error({ reference: ctx.state['reference'] as string | undefined, err: error }, 'provider failed'));
}

function record({ database, clock }: Host, ctx: KoaContextWithOIDC, event: string, error?: Refusal): Promise<void> {
  const now = clock();
  // what it was about is known for sure when the request is at its end
  return write(database, (on) => append(on, { event, now, ...aboutOf(ctx), ...(error && { error }) }));
}

function aboutOf({ oidc, state }: KoaContextWithOIDC): About {
  const { client, params, entities } = oidc;
  return { clientId: client?.clientId, grantType: params?.['grant_type'], grantId: entities.AccessToken?.grantId ?? entities.Grant?.jti, address: state['address'] as string };
}

type About = { clientId: string | undefined; grantType?: unknown; grantId?: string | undefined; address: string };

/** A token that a client got for itself. */
export function recordIssued(on: Db, about: About & { now: number }): Promise<void> {
  return append(on, { event: 'token.issued', ...about });
}

async function append(on: Db, { event, now, clientId, grantType, grantId, address, error }: About & { event: string; now: number; error?: Refusal }): Promise<void> {
  const grant = grantId === undefined ? undefined : await findGrant(on, grantId);
  const actor: Actor = grant ? { kind: 'person', id: grant.account_id } : { kind: 'client', id: clientId ?? 'unknown' };
  await appendAudit(on, {
    event, action: 'E', outcome: error ? 'refused' : 'success', actor, now, address,
    ...(error?.error && { reason: error.error }), ...(clientId !== undefined && { clientId }),
    ...(grant && { sessionId: grant.session_id, acr: grant.acr }),
    ...(grant?.organisation_id && { organisationId: grant.organisation_id, actingFor: grant.organisation_id }),
    ...(typeof grantType === 'string' && { detail: { grant_type: grantType } }),
  });
}
