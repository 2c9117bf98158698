import type { Context } from 'koa';
import type { SecondFactor } from '../../config/accounts.ts';
import type { Db } from '../../store/schema.ts';
import { issueTicket, peekTicket, redeemTicket } from '../../store/tickets.ts';
import { seeOther } from '../admin/context.ts';
import { accountUrl, personOf, type AccountContext } from './context.ts';

const KIND = 'account.factor';
/** Seconds in which a factor that is being set up must be confirmed. */
const ttl = 900;

/** A factor that waits to be shown for the first time. `pending` is sealed for the account. */
export type Waiting = { accountId: string; kind: SecondFactor; pending: string };

/** @returns the handle with which its page and its forms go on */
export async function beginWaiting({ host: { clock } }: AccountContext, ctx: Context, tx: Db, waiting: Pick<Waiting, 'kind' | 'pending'>): Promise<string> {
  return issueTicket(tx, { kind: KIND, runId: null, payload: { accountId: personOf(ctx).accountId, ...waiting } satisfies Waiting, ttl, now: clock() });
}

/** What the person is setting up; undefined when it is another's, over or done. */
export async function waitingFor({ host: { database, clock } }: AccountContext, ctx: Context, handle: unknown): Promise<Waiting | undefined> {
  const ticket = typeof handle === 'string' ? await peekTicket<Waiting>(database.db, KIND, handle, clock()) : undefined;
  return ticket?.payload.accountId === personOf(ctx).accountId ? ticket.payload : undefined;
}

/** @returns false when it was done before: of two forms at once one finds it */
export async function endWaiting({ host: { clock } }: AccountContext, tx: Db, handle: string): Promise<boolean> {
  return await redeemTicket(tx, KIND, handle, clock()) !== undefined;
}

/** The form was sent before: a browser shows the last answer only, so who sent it twice may have missed the recovery codes. */
export function goneFrom(context: AccountContext, ctx: Context): void {
  seeOther(ctx, accountUrl(context, context.host.realm.second_factor.recovery_codes > 0 ? 'two-step?shown=gone' : 'two-step'));
}
