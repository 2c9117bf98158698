import Router from '@koa/router';
import type { Context } from 'koa';
import { enqueue, findMessage, listOutbox, markSent } from '../store/outbox.ts';
import { fieldsOf } from './csrf.ts';
import { OWN_STYLE } from './headers.ts';
import { renderPage } from './pages.ts';
import type { RealmHost } from './realm.ts';

type Channel = 'mail' | 'sms' | 'voice' | 'letter';
const channels: Channel[] = ['mail', 'sms', 'voice', 'letter'];

/** The outbox of what goes to people, as everybody may read it: demo mode only. The simulator delivers its codes here too. */
export function demoRoutes(hosts: RealmHost[]): Router {
  const router = new Router();
  router.get('/demo/outbox', (ctx) => show(ctx, hosts));
  router.get('/demo/outbox/message', (ctx) => preview(ctx, hosts));
  router.post('/demo/outbox', (ctx) => deliver(ctx, hosts));
  return router;
}

async function show(ctx: Context, hosts: RealmHost[]): Promise<void> {
  const asked = (name: string): string | undefined => (ctx.query[name] === undefined ? undefined : String(ctx.query[name]));
  const [realm, to, channel] = [asked('realm'), asked('to'), asked('channel')];
  const wanted: Channel | undefined = channels.find((c) => c === channel);
  const lists = await Promise.all(hosts.filter((h) => realm === undefined || h.realm.id === realm).map(async (host) => {
    const rows = await listOutbox(host.database.db, { limit: 200, channels: wanted ? [wanted] : channels, ...(to && { to }) });
    return rows.map((row) => ({
      id: row.id, html: row.html !== null, realm: host.realm.id, channel: row.channel, to: row.recipient, subject: row.subject, text: row.text,
      links: row.links, code: row.code, state: row.state, at: row.created_at,
    }));
  }));
  const all = lists.flat();
  const previews = new Set(all.filter(({ html }) => html).map(({ id }) => id));
  const messages = all.map(({ html: _, ...message }) => message).toSorted((a, b) => b.at - a.at);
  const first = hosts[0];
  if (!first || ctx.accepts('json', 'html') !== 'html') {
    ctx.body = messages;
    return;
  }
  await renderPage(ctx, first, 'demo/outbox', { titleKey: 'outbox.title', page: { messages, previews } });
}

/** A letter as it would be printed, a mail as a mail program shows it. It brings its own style along, and nothing in it may run. */
async function preview(ctx: Context, hosts: RealmHost[]): Promise<void> {
  const host = hosts.find(({ realm }) => realm.id === ctx.query['realm']);
  const id = String(ctx.query['id']);
  const message = host && !id.includes('\u0000') ? await findMessage(host.database.db, id) : undefined;
  if (!message || message.html === null) return;
  ctx.type = 'text/html; charset=utf-8';
  ctx.set('Content-Security-Policy', OWN_STYLE);
  ctx.body = message.html;
}

async function deliver(ctx: Context, hosts: RealmHost[]): Promise<void> {
  const fields = fieldsOf(ctx);
  const host = hosts.find((h) => h.realm.id === fields['realm']);
  const channel = channels.find((c) => c === fields['channel']);
  if (!host || !channel || !fields['to'] || !fields['text']) {
    ctx.status = 400;
    ctx.body = { error: 'invalid_request', error_description: 'realm, channel, to and text are needed' };
    return;
  }
  const { to, text, subject = '', code } = fields;
  await host.database.transaction(async (tx) => {
    const id = await enqueue(tx, { channel, recipient: to, subject, text, ...(code && { code }), now: host.clock() });
    await markSent(tx, id, host.clock());
  });
  ctx.status = 201;
  ctx.body = {};
}
