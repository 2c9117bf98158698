import { errors, type KoaContextWithOIDC, type Provider } from 'oidc-provider';
import { grantHandlerOf } from '../grant-handlers.ts';
import { Unavailable } from '../../store/unavailable.ts';
import { inUnit, Refused } from '../unit.ts';
import { clientOf } from './client.ts';
import type { PlainParts, PlainRequest } from './plain.ts';

/** The fields of each, beside `grant_type`; those in the second list may be left out. */
const fields: Record<string, [needed: string[], voluntary: string[]]> = {
  authorization_code: [['code', 'redirect_uri'], ['code_verifier']],
  refresh_token: [['refresh_token'], []],
};

type Context = KoaContextWithOIDC & { _matchedRouteName: string; oidc: { params?: Record<string, string | undefined> } };
/** The provider is a Koa application; both make what its handlers are given. */
type Insides = { createContext(req: object, res: object): Context; OIDCContext: new (ctx: Context) => Context['oidc'] };

/**
 * A portal turns in a code or a refresh token (RFC 6749, sections 4.1.3 and 6). Every check and every token is the library's own: its
 * handler for the grant is called as its pipeline would call it, with the client authenticated and the form read. Undefined: the library's.
 * @throws Refused when another request was first
 */
export async function granted(provider: Provider, { database }: PlainParts, { form, authorization, address, reference, exchange: { req, res } }: PlainRequest): Promise<Record<string, unknown> | undefined> {
  const { grant_type: grantType = '' } = form;
  const handle = isWhole(form) ? grantHandlerOf(provider, grantType) : undefined;
  const client = handle && await clientOf(provider, authorization);
  if (!handle || !client?.grantTypeAllowed(grantType)) return undefined;
  const ctx = (provider as unknown as Insides).createContext(req, res);
  Object.assign(ctx.state, { address, reference });
  ctx._matchedRouteName = 'token';
  const oidc = new (provider as unknown as Insides).OIDCContext(ctx);
  Object.defineProperty(ctx, 'oidc', { value: oidc });
  oidc.params = { ...form };
  oidc.entity('Client', client);
  let over = false;
  try {
    await inUnit(database, ctx, async () => {
      await handle(ctx);
      provider.emit('grant.success', ctx);
      over = true;
    });
  } catch (error) {
    // before its end nothing was written: whatever is to be said of it the library says
    if (!over || error instanceof Unavailable) throw error;
    // past it the library would find what was turned in used up, and end all that came of it
    if (!(error instanceof errors.OIDCProviderError)) {
      provider.emit('server_error', ctx, error as Error);
      throw new Refused({ status: 500, error: 'server_error', error_description: 'something went wrong' });
    }
    provider.emit('grant.error', ctx, error);
    throw new Refused(error);
  }
  return ctx.body as Record<string, unknown>;
}

/** Does a form have all that its grant needs, and nothing that this way does not know? */
function isWhole({ grant_type: grantType = '', ...given }: Record<string, string>): boolean {
  const known = Object.hasOwn(fields, grantType) ? fields[grantType] : undefined;
  if (!known) return false;
  const [needed, voluntary] = known;
  return needed.every((name) => given[name] !== undefined) && Object.keys(given).every((name) => needed.includes(name) || voluntary.includes(name));
}
