import type { Context } from 'koa';
import { askNewEmail, checkNewEmail, waitingEmail } from '../../domain/details.ts';
import { DomainError } from '../../domain/errors.ts';
import { parseEmail } from '../../domain/profile.ts';
import type { Params } from '../../texts/catalogue.ts';
import { seeOther } from '../admin/context.ts';
import { fieldsOf } from '../csrf.ts';
import { accountUrl, actorOf, personOf, problemOf, translate, type AccountContext } from './context.ts';

type Failed = { problems: { field?: string; code: string; params?: Params }[]; email?: string; status?: number };

/** Another address for mail: first the address, then the code that was sent to it. */
export async function showEmail(context: AccountContext, ctx: Context, failed?: Failed, change: unknown = ctx.query['change']): Promise<void> {
  const { database, clock } = context.host;
  const { accountId, email } = personOf(ctx);
  const waiting = typeof change === 'string' ? await waitingEmail(database.db, accountId, change, clock()) : undefined;
  if (failed) ctx.status = failed.status ?? 422;
  await context.render(ctx, 'account/email', {
    title: translate(context, ctx)(waiting === undefined ? 'account.email.title' : 'account.email.code.title'),
    page: { email, waiting, change: waiting === undefined ? undefined : change },
    ...(failed && { problems: failed.problems.map((problem) => problemOf(context, ctx, problem)), values: { email: failed.email ?? '' } }),
  });
}

/** A form with a code confirms; one without asks for a code. */
export async function changeEmail(context: AccountContext, ctx: Context): Promise<void> {
  const { change, code, email = '' } = fieldsOf(ctx);
  try {
    if (change !== undefined && code !== undefined) await confirm(context, ctx, change, code);
    else await ask(context, ctx, email);
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    const field = error.code === 'account.email.gone' || error.code === 'account.email.wait' ? undefined : change === undefined ? 'email' : 'code';
    const status = error.code === 'account.email.wait' ? 429 : 422;
    await showEmail(context, ctx, { problems: [{ code: error.code, params: error.params, ...(field !== undefined && { field }) }], email, status }, change);
  }
}

async function ask(context: AccountContext, ctx: Context, email: string): Promise<void> {
  const { database, realm, clock } = context.host;
  const parsed = parseEmail(email);
  if (!parsed.ok) return showEmail(context, ctx, { problems: parsed.problems, email });
  const send = await askNewEmail(database.db, { realm, accountId: personOf(ctx).accountId, now: clock() }, parsed.email);
  seeOther(ctx, `${accountUrl(context, 'details/email')}?change=${await database.transaction(send)}`);
}

async function confirm(context: AccountContext, ctx: Context, handle: string, code: string): Promise<void> {
  const { database, realm, clock } = context.host;
  const put = await checkNewEmail(database.db, { realm, accountId: personOf(ctx).accountId, actor: actorOf(ctx), now: clock() }, { handle, code });
  const done = await database.transaction(put);
  seeOther(ctx, `${accountUrl(context, 'details')}?saved=${done ? 'email' : 'nothing'}`);
}
