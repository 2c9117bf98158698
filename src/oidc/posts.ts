import type { Provider } from 'oidc-provider';
import type { Realm } from '../config/schema.ts';

/** Requests that OpenID Connect lets a portal send as a form (Core 3.1.2.1, RP-Initiated Logout 2). */
const targets = new Set(['/auth', '/session/end']);
/** bytes; what becomes an address must fit in a request line */
const longest = 8192;

type Context = Parameters<Parameters<Provider['use']>[0]>[0];

/**
 * A form that another site posts brings no cookie along (`SameSite=Lax`), so the person would seem not to be logged in.
 * It is sent on as the same request in an address, which does bring them. Nothing is believed or changed here.
 */
export function acceptPosts(provider: Provider, realm: Realm): void {
  const sendOn = async (ctx: Context): Promise<void> => {
    const query = await bodyOf(ctx.req);
    ctx.set('Cache-Control', 'no-store');
    if (query === undefined) {
      ctx.status = 413;
      ctx.body = { error: 'invalid_request', error_description: `a request by POST has at most ${longest} bytes: push a longer one (RFC 9126)` };
      return;
    }
    ctx.status = 303;
    ctx.set('Location', `${realm.issuer}${ctx.path}?${new URLSearchParams(query).toString()}`);
  };
  // what is not for us passes by without a promise of ours
  provider.use((ctx, next) => (ctx.method === 'POST' && targets.has(ctx.path) && ctx.is('application/x-www-form-urlencoded') ? sendOn(ctx) : next()));
}

async function bodyOf(request: AsyncIterable<Buffer>): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > longest) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
