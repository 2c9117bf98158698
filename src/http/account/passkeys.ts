import type { Context } from 'koa';
import { DomainError } from '../../domain/errors.ts';
import type { Confirmed } from '../../domain/factors/enrol.ts';
import { problemOf as factorProblem, refused, type Holder, type Refused } from '../../domain/factors/holder.ts';
import { confirmPasskey, renamePasskey } from '../../domain/passkeys/keep.ts';
import { creationOptions } from '../../domain/passkeys/options.ts';
import { seeOther } from '../admin/context.ts';
import { fieldsOf } from '../csrf.ts';
import { accountUrl, problemOf, translate, type AccountContext, type Failure } from './context.ts';
import { holderOf, keepNewFactor, ownPasskey, showTwoStep } from './two-step.ts';
import { beginWaiting, endWaiting, goneFrom } from './waiting.ts';

/** What a browser needs to make a passkey; the ticket of the page makes what it signs work once. */
export async function showPasskeySetUp(context: AccountContext, ctx: Context, handle: string, problems: Failure[] = []): Promise<void> {
  await context.render(ctx, 'account/set-up', {
    title: translate(context, ctx)('account.passkeys.add'),
    page: { stage: 'passkey', setUp: handle, options: await creationOptions(context.host.database.db, holderOf(context, ctx), turnOf(handle)) },
    problems: problems.map((problem) => problemOf(context, ctx, problem)),
  });
}

/** The answer of a browser. The ticket is used up before it is judged: whatever comes of it, the next answer needs a new one. */
export async function addPasskey(context: AccountContext, ctx: Context, { handle, credential }: { handle: string; credential: string }): Promise<void> {
  const { database } = context.host;
  const holder = holderOf(context, ctx);
  if (!await database.transaction((tx) => endWaiting(context, tx, handle))) return goneFrom(context, ctx);
  const judged = await confirmPasskey(database.db, holder, { turn: turnOf(handle), typed: credential });
  const kept = judged.ok ? await keep(context, ctx, holder, judged) : judged;
  if (kept.ok) return seeOther(ctx, `${accountUrl(context, 'two-step')}?saved=passkey${kept.shown === undefined ? '' : `&shown=${kept.shown}`}`);
  ctx.status = 422;
  const next = await database.transaction((tx) => beginWaiting(context, ctx, tx, { kind: 'passkey', pending: '' }));
  await showPasskeySetUp(context, ctx, next, [factorProblem('second-factor.passkey', kept, null)]);
}

async function keep({ host: { database } }: AccountContext, ctx: Context, holder: Holder, { factor }: Confirmed): Promise<{ ok: true; shown: string | undefined } | Refused> {
  try {
    return { ok: true, shown: await database.transaction((tx) => keepNewFactor(ctx, tx, holder, factor)) };
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    return refused('used');
  }
}

function turnOf(handle: string): string {
  return `ticket:${handle}`;
}

/** Another name for a passkey. */
export async function showPasskeyName(context: AccountContext, ctx: Context, failed?: { passkey: { id: string; name: string }; problem: Failure }): Promise<void> {
  const passkey = failed?.passkey ?? await ownPasskey(context, ctx);
  if (!passkey) return seeOther(ctx, accountUrl(context, 'two-step'));
  if (failed) ctx.status = 422;
  await context.render(ctx, 'account/passkey-name', {
    title: translate(context, ctx)('account.passkeys.name.title'), page: { passkey },
    ...(failed && { problems: [problemOf(context, ctx, failed.problem)] }),
  });
}

export async function savePasskeyName(context: AccountContext, ctx: Context): Promise<void> {
  const { passkey: id = '', name = '' } = fieldsOf(ctx);
  try {
    await context.host.database.transaction((tx) => renamePasskey(tx, holderOf(context, ctx), { id, typed: name }));
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    const problem = { code: error.code, params: error.params };
    return error.code === 'passkey.gone' ? showTwoStep(context, ctx, [problem]) : showPasskeyName(context, ctx, { passkey: { id, name }, problem: { ...problem, field: 'name' } });
  }
  seeOther(ctx, `${accountUrl(context, 'two-step')}?saved=name`);
}
