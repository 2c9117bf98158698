import type { Context } from 'koa';
import { changeDetails, changeLanguage } from '../../domain/details.ts';
import { formOf, parseDetails, profileOf } from '../../domain/profile.ts';
import { seeOther } from '../admin/context.ts';
import { fieldsOf } from '../csrf.ts';
import { accountUrl, actorOf, languageOf, personOf, problemOf, translate, wordOf, type AccountContext } from './context.ts';

/** Personal details, address for mail and language of the person (row S4, page B09). */
export async function showDetails(context: AccountContext, ctx: Context, failed?: { problems: { field: string; code: string }[]; typed: Record<string, string> }): Promise<void> {
  const { database, realm } = context.host;
  const { accountId, email, language } = personOf(ctx);
  if (failed) ctx.status = 422;
  await context.render(ctx, 'account/details', {
    title: translate(context, ctx)('account.details.title'),
    page: {
      form: formOf(realm.person, { email: false }), prefill: await profileOf(database.db, realm.person, accountId), email,
      language: language ?? languageOf(ctx), saved: wordOf(ctx.query['saved'], ['details', 'email', 'language', 'nothing']),
    },
    ...(failed && { problems: failed.problems.map((problem) => problemOf(context, ctx, problem)), values: failed.typed }),
  });
}

export async function saveDetails(context: AccountContext, ctx: Context): Promise<void> {
  const { database, realm, clock } = context.host;
  const { csrf: _, ...typed } = fieldsOf(ctx);
  const change = { realm, accountId: personOf(ctx).accountId, actor: actorOf(ctx), now: clock() };
  const parsed = parseDetails(realm.person, typed, change.now);
  if (!parsed.ok) return showDetails(context, ctx, { problems: parsed.problems, typed });
  const changed = await database.transaction((tx) => changeDetails(tx, change, parsed.profile));
  seeOther(ctx, `${accountUrl(context, 'details')}?saved=${changed ? 'details' : 'nothing'}`);
}

/** The language of mails and, from now on, of the pages in this browser. */
export async function saveLanguage(context: AccountContext, ctx: Context): Promise<void> {
  const { database, realm, clock } = context.host;
  const language = realm.languages.find((one) => one === fieldsOf(ctx)['language']);
  if (!language) return showDetails(context, ctx, { problems: [{ field: 'language', code: 'account.language.required' }], typed: {} });
  await database.transaction((tx) => changeLanguage(tx, { accountId: personOf(ctx).accountId, actor: actorOf(ctx), now: clock() }, language));
  seeOther(ctx, `${accountUrl(context, 'details')}?saved=language&lang=${language}`);
}
