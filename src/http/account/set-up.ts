import type { Context } from 'koa';
import type { SecondFactor } from '../../config/accounts.ts';
import { DomainError } from '../../domain/errors.ts';
import type { Confirmed } from '../../domain/factors/enrol.ts';
import { problemOf as factorProblem, refused, type Holder, type Refused } from '../../domain/factors/holder.ts';
import type { Sending } from '../../domain/factors/sent-code.ts';
import { beginPhone, confirmPhone, resendPhone, showPhone } from '../../domain/factors/sms.ts';
import { beginTotp, confirmTotp, showTotp } from '../../domain/factors/totp.ts';
import { seeOther } from '../admin/context.ts';
import { fieldsOf } from '../csrf.ts';
import { addPasskey, showPasskeySetUp } from './passkeys.ts';
import { accountUrl, languageOf, problemOf, translate, wordOf, type AccountContext, type Failure } from './context.ts';
import { keepNewFactor, holderOf, offersPasskeys } from './two-step.ts';
import { beginWaiting, endWaiting, goneFrom, waitingFor, type Waiting } from './waiting.ts';

/** Setting up a factor: an app with its QR code, a phone number, the code that was sent to it, or a passkey. */
export async function showSetUp(context: AccountContext, ctx: Context, failed?: { problems: Failure[]; phone?: string; setUp?: string }): Promise<void> {
  const { database, realm } = context.host;
  const holder = holderOf(context, ctx);
  const handle = failed?.setUp ?? ctx.query['setup'];
  const waiting = await waitingFor(context, ctx, handle);
  if (waiting?.kind === 'passkey' && typeof handle === 'string') return showPasskeySetUp(context, ctx, handle, failed?.problems);
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
  if (waiting?.kind === 'passkey') return addPasskey(context, ctx, { handle: fields['setup'] ?? '', credential: fields['credential'] ?? '' });
  if (waiting && fields['setup'] !== undefined) return goOn(context, ctx, waiting, fields['setup']);
  if (fields['setup'] !== undefined) return goneFrom(context, ctx);
  if (fields['phone'] !== undefined && realm.second_factor.methods.includes('sms')) return phone(context, ctx, fields['phone']);
  if (fields['method'] === 'passkey' && offersPasskeys(realm)) return begin(context, ctx, 'passkey', '');
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
  const handle = await context.host.database.transaction(async (tx) => {
    await keep?.(tx);
    return beginWaiting(context, ctx, tx, { kind, pending });
  });
  seeOther(ctx, accountUrl(context, `two-step/set-up?setup=${handle}`));
}

async function goOn(context: AccountContext, ctx: Context, waiting: Waiting, handle: string): Promise<void> {
  const { database } = context.host;
  const { action, code: typed = '' } = fieldsOf(ctx);
  const holder = holderOf(context, ctx);
  const again = async (problem: Refused): Promise<void> => (await waitingFor(context, ctx, handle)
    ? showSetUp(context, ctx, { problems: [factorProblem('second-factor.code', problem)], setUp: handle }) : goneFrom(context, ctx));
  if (waiting.kind === 'sms' && (action === 'resend' || action === 'call')) {
    const sent = await resendPhone(database.db, holder, waiting.pending, sendingOf(context, ctx, action === 'call' ? 'voice' : 'sms'));
    if (!sent.ok) return again(sent);
    await database.transaction(sent.keep);
    return seeOther(ctx, accountUrl(context, `two-step/set-up?setup=${handle}`));
  }
  const { pending } = waiting;
  const judged = waiting.kind === 'totp' ? await confirmTotp(database.db, holder, { pending, typed }) : await confirmPhone(database.db, holder, { pending, typed });
  if (!judged.ok) return again(judged);
  try {
    const shown = await keep(context, ctx, holder, judged, handle);
    seeOther(ctx, accountUrl(context, `two-step?saved=added${shown === undefined ? '' : `&shown=${shown}`}`));
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    return again(refused('used'));
  }
}

/**
 * The factor counts from now on; with the first one come recovery codes. Nothing is kept when it throws.
 * @returns the handle with which the page shows them
 * @throws DomainError second-factor.code.used: of two forms at once one finds ticket and code
 */
async function keep(context: AccountContext, ctx: Context, holder: Holder, judged: Confirmed, handle: string): Promise<string | undefined> {
  return context.host.database.transaction(async (tx) => {
    if (!await endWaiting(context, tx, handle) || !await judged.keep(tx)) throw new DomainError('second-factor.code.used');
    return keepNewFactor(ctx, tx, holder, judged.factor);
  });
}

function sendingOf({ portal }: AccountContext, ctx: Context, means: Sending['means']): Sending {
  return { means, language: languageOf(ctx), portal: portal.name };
}
