import type { Context } from 'koa';
import type { SecondFactor } from '../../config/accounts.ts';
import { keepFactor, listFactors, type Confirmed } from '../../domain/factors/enrol.ts';
import { problemOf as factorProblem, type Refused } from '../../domain/factors/holder.ts';
import type { Sending } from '../../domain/factors/sent-code.ts';
import { beginPhone, confirmPhone, resendPhone, showPhone } from '../../domain/factors/sms.ts';
import { beginTotp, confirmTotp, showTotp } from '../../domain/factors/totp.ts';
import { issueTicket, peekTicket, redeemTicket } from '../../store/tickets.ts';
import { seeOther } from '../admin/context.ts';
import { fieldsOf } from '../csrf.ts';
import { accountUrl, languageOf, personOf, problemOf, translate, wordOf, type AccountContext, type Failure } from './context.ts';
import { codesToShow, holderOf } from './two-step.ts';

const KIND = 'account.factor';
/** Seconds in which a factor that is being set up must be confirmed. */
const ttl = 900;

/** A factor that waits for its first code. `pending` is sealed for the account. */
type Waiting = { accountId: string; kind: SecondFactor; pending: string };

/** Setting up a factor: an app with its QR code, a phone number, or the code that was sent to it. */
export async function showSetUp(context: AccountContext, ctx: Context, failed?: { problems: Failure[]; phone?: string; setUp?: string }): Promise<void> {
  const { database, realm } = context.host;
  const holder = holderOf(context, ctx);
  const handle = failed?.setUp ?? ctx.query['setup'];
  const waiting = await waitingFor(context, ctx, handle);
  const shown = waiting?.kind === 'totp' ? await showTotp(database.db, holder, waiting.pending) : waiting && await showPhone(database.db, holder, waiting.pending);
  const method = wordOf(ctx.query['method'], realm.second_factor.methods);
  if (!shown && method !== 'sms' && !failed) return seeOther(ctx, accountUrl(context, 'two-step'));
  if (failed) ctx.status = 422;
  await context.render(ctx, 'account/set-up', {
    title: translate(context, ctx)(`account.two-step.set-up.${shown ? waiting?.kind : 'sms'}`),
    page: { stage: shown && waiting ? waiting.kind : 'phone', setUp: shown ? handle : undefined, minutes: Math.floor(realm.second_factor.code_ttl / 60), ...shown },
    ...(failed && { problems: failed.problems.map((problem) => problemOf(context, ctx, problem)), values: { phone: failed.phone ?? '' } }),
  });
}

/** Each form of it: which kind, the phone number, another message, or the code. */
export async function setUp(context: AccountContext, ctx: Context): Promise<void> {
  const { realm } = context.host;
  const fields = fieldsOf(ctx);
  const waiting = await waitingFor(context, ctx, fields['setup']);
  if (waiting && fields['setup'] !== undefined) return goOn(context, ctx, waiting, fields['setup']);
  if (fields['setup'] !== undefined) return seeOther(ctx, accountUrl(context, 'two-step'));
  if (fields['phone'] !== undefined && realm.second_factor.methods.includes('sms')) return phone(context, ctx, fields['phone']);
  const method = wordOf(fields['method'], realm.second_factor.methods);
  if (method === 'totp') return begin(context, ctx, 'totp', beginTotp(holderOf(context, ctx)));
  seeOther(ctx, accountUrl(context, method === 'sms' ? 'two-step/set-up?method=sms' : 'two-step'));
}

async function phone(context: AccountContext, ctx: Context, typed: string): Promise<void> {
  const begun = await beginPhone(context.host.database.db, holderOf(context, ctx), typed, sendingOf(context, ctx, 'sms'));
  if (!begun.ok) return showSetUp(context, ctx, { problems: [factorProblem('second-factor.phone', begun, 'phone')], phone: typed });
  await begin(context, ctx, 'sms', begun.pending, begun.keep);
}

async function begin(context: AccountContext, ctx: Context, kind: SecondFactor, pending: string, keep?: Confirmed['keep']): Promise<void> {
  const { database, clock } = context.host;
  const handle = await database.transaction(async (tx) => {
    await keep?.(tx);
    return issueTicket(tx, { kind: KIND, runId: null, payload: { accountId: personOf(ctx).accountId, kind, pending } satisfies Waiting, ttl, now: clock() });
  });
  seeOther(ctx, accountUrl(context, `two-step/set-up?setup=${handle}`));
}

async function goOn(context: AccountContext, ctx: Context, waiting: Waiting, handle: string): Promise<void> {
  const { database } = context.host;
  const { action, code: typed = '' } = fieldsOf(ctx);
  const holder = holderOf(context, ctx);
  const again = (refused: Refused): Promise<void> => showSetUp(context, ctx, { problems: [factorProblem('second-factor.code', refused)], setUp: handle });
  if (waiting.kind === 'sms' && (action === 'resend' || action === 'call')) {
    const sent = await resendPhone(database.db, holder, waiting.pending, sendingOf(context, ctx, action === 'call' ? 'voice' : 'sms'));
    if (!sent.ok) return again(sent);
    await database.transaction(sent.keep);
    return seeOther(ctx, accountUrl(context, `two-step/set-up?setup=${handle}`));
  }
  const { pending } = waiting;
  const judged = waiting.kind === 'totp' ? await confirmTotp(database.db, holder, { pending, typed }) : await confirmPhone(database.db, holder, { pending, typed });
  if (!judged.ok) return again(judged);
  seeOther(ctx, accountUrl(context, `two-step?saved=added${await keep(context, ctx, judged, handle)}`));
}

/** The factor counts from now on; with the first one come recovery codes. @returns what the next address says about them */
async function keep(context: AccountContext, ctx: Context, judged: Confirmed, handle: string): Promise<string> {
  const { database, realm, clock } = context.host;
  const holder = holderOf(context, ctx);
  return database.transaction(async (tx) => {
    // of two forms at once one finds the ticket
    if (!await redeemTicket(tx, KIND, handle, clock()) || !await judged.keep(tx)) return '';
    const { recoveryCodes } = await listFactors(tx, holder);
    await keepFactor(tx, holder, judged.factor);
    return recoveryCodes === 0 && realm.second_factor.recovery_codes > 0 ? `&shown=${await codesToShow(tx, holder)}` : '';
  });
}

async function waitingFor({ host: { database, clock } }: AccountContext, ctx: Context, handle: unknown): Promise<Waiting | undefined> {
  const ticket = typeof handle === 'string' ? await peekTicket<Waiting>(database.db, KIND, handle, clock()) : undefined;
  return ticket?.payload.accountId === personOf(ctx).accountId ? ticket.payload : undefined;
}

function sendingOf({ portal }: AccountContext, ctx: Context, means: Sending['means']): Sending {
  return { means, language: languageOf(ctx), portal: portal.name };
}
