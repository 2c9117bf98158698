import Router from '@koa/router';
import type { Context } from 'koa';
import { BrokerRefusal, type PendingRequest } from '../brokers/broker.ts';
import { BROKER_ANSWER, BROKER_REQUEST } from '../flow/engine.ts';
import { appendAudit } from '../store/audit.ts';
import { rememberOnce } from '../store/replays.ts';
import { findIssued, issueTicket, peekTicket, redeemTicket } from '../store/tickets.ts';
import { fieldsOf } from './csrf.ts';
import { renderProblem } from './pages.ts';
import type { RealmHost } from './realm.ts';

type RequestTicket = { binding: string; broker: string; pending: PendingRequest };
/** seconds between a broker's answer and the browser's next request */
const answerTtl = 300;

/** Where brokers answer, and what they must know of us. */
export function brokerRoutes(host: RealmHost): Router {
  const router = new Router();
  router.get('/saml/metadata', async (ctx) => {
    if (host.samlMetadata === undefined) return renderProblem(ctx, host, 404, 'not_found');
    ctx.type = 'application/samlmetadata+xml';
    ctx.set('Cache-Control', 'public, max-age=300');
    ctx.body = host.samlMetadata;
    return undefined;
  });
  router.post('/saml/acs', (ctx) => receive(ctx, host));
  return router;
}

/**
 * A cross-site post brings no cookie along, so the answer is verified here, kept under a single-use handle, and taken
 * into the run by the redirect that follows, which does bring the cookie: an answer in another browser goes nowhere.
 */
async function receive(ctx: Context, host: RealmHost): Promise<void> {
  const { database, log } = host;
  const fields = fieldsOf(ctx);
  const now = host.clock();
  const relay = fields['RelayState'] ?? '';
  const ticket = await peekTicket<RequestTicket>(database.db, BROKER_REQUEST, relay, now);
  const broker = ticket && host.brokers.get(ticket.payload.broker);
  if (!ticket?.runId || !broker) return tooLate(ctx, host, relay);
  const { runId } = ticket;
  try {
    const { event, replayIds } = await broker.receive(fields, ticket.payload.pending, now);
    const handle = await database.transaction(async (tx) => {
      if (!await redeemTicket(tx, BROKER_REQUEST, relay, now)) return undefined;
      for (const { id, expiresAt } of replayIds) if (!await rememberOnce(tx, `${broker.id}:${id}`, expiresAt)) throw new BrokerRefusal('broker.replay', 'an id was seen before');
      return issueTicket(tx, { kind: BROKER_ANSWER, runId, payload: { binding: ticket.payload.binding, event }, ttl: answerTtl, now });
    });
    if (handle === undefined) return await refuse(ctx, host, relay);
    ctx.status = 303;
    ctx.set('Location', `${new URL(host.realm.issuer).pathname}/login/${runId}/return?answer=${handle}`);
  } catch (error) {
    if (!(error instanceof BrokerRefusal)) throw error;
    log.warn({ reference: ctx.state['reference'], broker: broker.id, code: error.code, detail: error.message, run: runId }, 'broker answer refused');
    await appendAudit(database.db, {
      event: 'broker.refused', action: 'E', outcome: 'refused', reason: error.code, actor: { kind: 'system', id: broker.id }, runId, address: ctx.state['address'] as string, now,
    });
    await renderProblem(ctx, host, 400, error.code === 'broker.restricted' ? 'restricted' : 'broker', await wayBack(host, runId));
  }
}

/** An answer that took longer than the run: the run's own page knows the way back to the portal. */
async function tooLate(ctx: Context, host: RealmHost, relay: string): Promise<void> {
  const late = await peekTicket<RequestTicket>(host.database.db, BROKER_REQUEST, relay, 0);
  if (!late?.runId) return refuse(ctx, host, relay);
  ctx.status = 303;
  ctx.set('Location', `${new URL(host.realm.issuer).pathname}/login/${late.runId}`);
}

/** Used, foreign or never issued: nothing happens. A browser that has the run's cookie finds its way back to it. */
async function refuse(ctx: Context, host: RealmHost, relay: string): Promise<void> {
  const runId = (await findIssued(host.database.db, BROKER_REQUEST, relay))?.runId ?? undefined;
  // a handle that was never ours is noise that anybody can make without end: the log has it
  if (runId !== undefined) {
    await appendAudit(host.database.db, {
      event: 'broker.refused', action: 'E', outcome: 'refused', reason: 'ticket', actor: { kind: 'system', id: 'unknown' },
      runId, address: ctx.state['address'] as string, now: host.clock(),
    });
  }
  await renderProblem(ctx, host, 400, 'ticket', await wayBack(host, runId));
}

/** The run that a problem page leads back to, and its portal, whose test environment is marked here too (row IB-10). */
async function wayBack(host: RealmHost, runId: string | undefined): Promise<Parameters<typeof renderProblem>[4]> {
  const run = runId === undefined ? undefined : await host.engine.look(runId);
  return run ? { portal: run.portal, backHref: `${new URL(host.realm.issuer).pathname}/login/${run.row.id}` } : {};
}
