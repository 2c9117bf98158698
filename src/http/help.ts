import Router from '@koa/router';
import type { Context } from 'koa';
import { textsFor } from '../texts/catalogue.ts';
import { renderPage } from './pages.ts';
import { portalNamed } from './password/form.ts';
import type { RealmHost } from './realm.ts';
import { languageOf } from './viewer.ts';

/** 'Problemen met inloggen' (row CIZ-15), where the realm has it: whom to write, with what, and whom to call. */
export function helpRoutes(host: RealmHost): Router {
  const router = new Router();
  const { help } = host.realm;
  if (help) router.get('/help', (ctx) => showHelp(ctx, host, help));
  return router;
}

async function showHelp(ctx: Context, host: RealmHost, { email = host.realm.desk.email, include }: NonNullable<RealmHost['realm']['help']>): Promise<void> {
  const { realm } = host;
  const language = languageOf(ctx, realm);
  const t = textsFor(realm).t(language);
  const lines = include?.map((line) => line[language] ?? '') ?? t('help.include').split('\n');
  const portal = portalNamed(host, ctx.query['portal']);
  // each line waits for an answer (RFC 6068: lines end in CRLF)
  const body = lines.map((line) => `${line}: `).join('\r\n');
  const subject = t('help.subject', { portal: portal?.name ?? realm.name });
  await renderPage(ctx, host, 'help', {
    titleKey: 'help.title', language, ...(portal && { portal }),
    page: { email, include: lines, mailHref: `mailto:${email}?subject=${encodeURIComponent(subject)}&body=${encodeURIComponent(body)}` },
  });
}
