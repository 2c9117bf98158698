import type { Context } from 'koa';
import { TooBusy } from '../../domain/passwords/gate.ts';
import { questionsFor, setAnswers, typedAnswers } from '../../domain/questions.ts';
import { seeOther } from '../admin/context.ts';
import { fieldsOf } from '../csrf.ts';
import { accountUrl, actorOf, credentials, languageOf, personOf, problemOf, refuseForm, translate, wordOf, type AccountContext, type Failure } from './context.ts';

/** 'Geheime vragen wijzigen' (row CAK-7, page B06): answers are never shown, new ones take the place of all. */
export async function showQuestions(context: AccountContext, ctx: Context, problems: Failure[] = []): Promise<void> {
  const { realm } = context.host;
  if (problems.length > 0) refuseForm(ctx, problems);
  await context.render(ctx, 'account/questions', {
    title: translate(context, ctx)('account.questions.title'),
    page: {
      questions: questionsFor(realm, languageOf(ctx)), need: realm.questions?.need ?? 0, answered: (await credentials(context, ctx))?.answers ?? 0,
      saved: wordOf(ctx.query['saved'], ['questions']),
    },
    problems: problems.map((problem) => problemOf(context, ctx, problem)),
  });
}

export async function saveQuestions(context: AccountContext, ctx: Context): Promise<void> {
  const { database, realm, clock } = context.host;
  try {
    const set = await setAnswers(database.db, realm, { accountId: personOf(ctx).accountId, answers: typedAnswers(fieldsOf(ctx)), actor: actorOf(ctx), now: clock() });
    if ('problems' in set) return showQuestions(context, ctx, set.problems);
    await database.transaction(set.commit);
  } catch (error) {
    if (!(error instanceof TooBusy)) throw error;
    return showQuestions(context, ctx, [{ code: 'questions.busy' }]);
  }
  seeOther(ctx, `${accountUrl(context, 'questions')}?saved=questions`);
}
