import type { Context } from 'koa';
import { portalOfClient } from '../../oidc/clients.ts';
import { listAuditOfAccount, type AuditRow } from '../../store/audit.ts';
import { catalogue, textsFor } from '../../texts/catalogue.ts';
import { accountUrl, languageOf, personOf, translate, type AccountContext } from './context.ts';
import { deviceOf } from './device.ts';

const DAY = 86_400;
/** How far back people can read. */
const days = 90;
const rowsOfPage = 20;

const prefix = 'account.history.event.';
/** Events that have words: the others are the desk's business. */
const events = Object.keys(catalogue('nl')).filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));
/** Of what a step refused, the problems that may be somebody else's try; the rest are slips on a form. */
const tries = ['wrong', 'expired', 'used', 'dead', 'wait', 'locked'];

/** What happened to the account (page B14), in plain words, by whom: no ids, addresses or names of others. */
export async function showHistory(context: AccountContext, ctx: Context): Promise<void> {
  const { database, clock } = context.host;
  const page = Math.min(Math.max(1, Number.parseInt(String(ctx.query['page']), 10) || 1), 1000);
  const rows = await listAuditOfAccount(database.db, personOf(ctx).accountId, {
    events, tries, since: clock() - days * DAY, skip: (page - 1) * rowsOfPage, limit: rowsOfPage + 1,
  });
  const link = (to: number): string => `${accountUrl(context, 'history')}?page=${to}`;
  await context.render(ctx, 'account/history', {
    title: translate(context, ctx)('account.history.title'),
    page: {
      days,
      rows: await Promise.all(rows.slice(0, rowsOfPage).map((row) => toldOf(context, ctx, row))),
      newerUrl: page > 1 ? link(page - 1) : undefined,
      olderUrl: rows.length > rowsOfPage ? link(page + 1) : undefined,
    },
  });
}

async function toldOf(context: AccountContext, ctx: Context, row: AuditRow) {
  const { realm, provider } = context.host;
  const texts = textsFor(realm);
  const key = `${prefix}${row.event}`;
  const special = `account.history.reason.${row.event}.${row.reason ?? ''}`;
  const own = row.actor.kind === 'person' && row.actor.id === personOf(ctx).accountId;
  const client = row.client_id === null ? undefined : await provider.Client.find(row.client_id);
  return {
    at: row.at,
    event: row.event,
    refused: row.outcome !== 'success',
    what: translate(context, ctx)(texts.has(languageOf(ctx), special) ? special : key),
    who: own ? 'self' : whoOf(row),
    portal: portalOfClient(realm, client)?.name,
    device: own ? deviceOf(row.user_agent) : undefined,
  };
}

function whoOf({ actor }: AuditRow): 'unknown' | 'other' | 'desk' | 'system' {
  if (actor.kind === 'person') return actor.id === 'unknown' ? 'unknown' : 'other';
  return actor.kind === 'desk' ? 'desk' : 'system';
}
