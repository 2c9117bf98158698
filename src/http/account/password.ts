import type { Context } from 'koa';
import { changeOwnPassword } from '../../domain/own-password.ts';
import { newPasswordPage } from '../../domain/passwords/page.ts';
import type { SessionRow } from '../../store/sessions.ts';
import { seeOther } from '../admin/context.ts';
import { fieldsOf } from '../csrf.ts';
import { accountUrl, actorOf, personOf, problemOf, refuseForm, translate, wordOf, type AccountContext, type Failure } from './context.ts';

/** 'Wachtwoord wijzigen' (row CAK-5, pages B04 and B05): the rules are named before and after typing. */
export async function showPassword(context: AccountContext, ctx: Context, problems: Failure[] = []): Promise<void> {
  const { database, realm } = context.host;
  if (problems.length > 0) refuseForm(ctx, problems);
  await context.render(ctx, 'account/password', {
    title: translate(context, ctx)('account.password.title'),
    page: { ...await newPasswordPage(database.db, realm, personOf(ctx).accountId), saved: wordOf(ctx.query['saved'], ['password']) },
    problems: problems.map((problem) => problemOf(context, ctx, problem)),
  });
}

export async function savePassword(context: AccountContext, ctx: Context): Promise<void> {
  const { database, realm, clock } = context.host;
  const { current_password: current = '', new_password: chosen = '' } = fieldsOf(ctx);
  const outcome = await changeOwnPassword(database.db, realm, {
    accountId: personOf(ctx).accountId, sessionId: (ctx.state['session'] as SessionRow).id, current, chosen,
    actor: actorOf(ctx), now: clock(),
  });
  if ('problems' in outcome) return showPassword(context, ctx, outcome.problems);
  await database.transaction(outcome.commit);
  seeOther(ctx, `${accountUrl(context, 'password')}?saved=password`);
}
