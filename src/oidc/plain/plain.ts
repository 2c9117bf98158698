import type { IncomingMessage, ServerResponse } from 'node:http';
import { errors, type Provider } from 'oidc-provider';
import type { AccountParts } from '../account.ts';
import { Unavailable } from '../../store/unavailable.ts';
import type { ProviderEvent } from '../observe.ts';
import { formOf, isPlain, type Form } from './asked.ts';
import { clientCredentials } from './client-credentials.ts';
import { introspection } from './introspection.ts';
import { userinfo } from './userinfo.ts';

export type PlainParts = AccountParts & { observe: (event: ProviderEvent) => void; log: { error(detail: object, text: string): void } };
export type PlainRequest = { authorization: string | undefined; form: Record<string, string>; address: string };
type Way = (provider: Provider, parts: PlainParts, asked: PlainRequest) => Promise<Record<string, unknown> | undefined>;
/** `exposed`: which headers the library lets pages of other origins read; programs do not mind */
type Door = { method: 'GET' | 'POST'; way: Way; exposed: string };

const doors: Record<string, Door> = {
  '/token': { method: 'POST', way: clientCredentials, exposed: 'DPoP-Nonce,WWW-Authenticate' },
  '/token/introspection': { method: 'POST', way: introspection, exposed: 'WWW-Authenticate' },
  '/me': { method: 'GET', way: userinfo, exposed: 'DPoP-Nonce,WWW-Authenticate' },
};

const none: Form = { fields: {}, putBack: () => undefined };

/**
 * Answers what programs ask over and over in its plainest form, by the library's own models (tokens, clients, grants) without the
 * pipeline that knows everything else. Only what is allowed is answered: whatever is special, doubtful or refused is left to the library.
 * @returns false when nothing was answered, and the request is as it was
 */
export function plainly(provider: Provider, parts: PlainParts): (req: IncomingMessage, res: ServerResponse, path: string, address: string) => Promise<boolean> {
  return async (req, res, path, address) => {
    const door = Object.hasOwn(doors, path) ? doors[path] : undefined;
    // without a query: that may hold a token, or more fields
    if (!door || req.method !== door.method || req.url !== path || !isPlain(req)) return false;
    const form = door.method === 'POST' ? await formOf(req) : none;
    const answer = form && await door.way(provider, parts, { authorization: req.headers.authorization, form: form.fields, address }).catch((error: unknown) => {
      // the library meets the same, and has an answer for it
      if (!(error instanceof errors.OIDCProviderError || error instanceof Unavailable)) parts.log.error({ err: error }, 'plain request failed');
    });
    if (answer) send(res, door, JSON.stringify(answer));
    else form?.putBack();
    return answer !== undefined;
  };
}

function send(res: ServerResponse, { exposed }: Door, text: string): void {
  res.writeHead(200, {
    Vary: 'Origin', 'Access-Control-Allow-Origin': '*', 'Access-Control-Expose-Headers': exposed, 'Cache-Control': 'no-store',
    'Content-Type': 'application/json; charset=utf-8', 'Content-Length': Buffer.byteLength(text),
  }).end(text);
}
