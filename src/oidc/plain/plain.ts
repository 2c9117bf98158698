import { STATUS_CODES, type IncomingMessage, type ServerResponse } from 'node:http';
import { errors, type Provider } from 'oidc-provider';
import type { AccountParts } from '../account.ts';
import { RETRY_AFTER, Unavailable } from '../../store/unavailable.ts';
import type { ProviderEvent } from '../observe.ts';
import { Refused, unavailable } from '../unit.ts';
import { formOf, isPlain, type Form } from './asked.ts';
import { clientCredentials } from './client-credentials.ts';
import { granted } from './granted.ts';
import { introspection } from './introspection.ts';
import { userinfo } from './userinfo.ts';

export type PlainParts = AccountParts & { observe: (event: ProviderEvent) => void; log: Record<'error' | 'info', (detail: object, text: string) => void> };
export type PlainRequest = { authorization: string | undefined; form: Record<string, string>; address: string; reference: string; exchange: { req: IncomingMessage; res: ServerResponse } };
type Way = (provider: Provider, parts: PlainParts, asked: PlainRequest) => Promise<Record<string, unknown> | undefined>;
/** `exposed`: which headers the library lets pages of other origins read; programs do not mind */
type Door = { method: 'GET' | 'POST'; way: Way; exposed: string };

const doors: Record<string, Door> = {
  '/token': { method: 'POST', way: (...asked) => (asked[2].form['grant_type'] === 'client_credentials' ? clientCredentials : granted)(...asked), exposed: 'DPoP-Nonce,WWW-Authenticate' },
  '/token/introspection': { method: 'POST', way: introspection, exposed: 'WWW-Authenticate' },
  '/me': { method: 'GET', way: userinfo, exposed: 'DPoP-Nonce,WWW-Authenticate' },
};

const none: Form = { fields: {}, putBack: () => undefined };

/**
 * Answers what programs ask over and over in its plainest form, by the library's own models (tokens, clients, grants) without the
 * pipeline that knows everything else. Only what is allowed is answered: whatever is special, doubtful or refused is left to the library.
 * @returns false when nothing was answered, and the request is as it was
 */
export function plainly(provider: Provider, parts: PlainParts): (req: IncomingMessage, res: ServerResponse, path: string, arrival: { address: string; reference: string }) => Promise<boolean> {
  return async (req, res, path, { address, reference }) => {
    const door = Object.hasOwn(doors, path) ? doors[path] : undefined;
    // without a query: that may hold a token, or more fields
    if (!door || req.method !== door.method || req.url !== path || !isPlain(req)) return false;
    const form = door.method === 'POST' ? await formOf(req) : none;
    if (!form) return brokenOff(req, parts.log);
    try {
      const answer = await door.way(provider, parts, { authorization: req.headers.authorization, form: form.fields, address, reference, exchange: { req, res } });
      if (answer) return send(res, door, 200, answer);
    } catch (error) {
      if (error instanceof Refused) return send(res, door, error.status, error.body);
      if (!(error instanceof errors.OIDCProviderError)) parts.log.error({ reference, err: error }, 'provider failed');
      // asked again, it would be waited for again
      if (error instanceof Unavailable) return send(res, door, 503, unavailable);
    }
    form.putBack();
    return false;
  };
}

/** A sender who went away before the form was there asked nothing: nobody is told, and nothing is judged. */
function brokenOff(req: IncomingMessage, log: PlainParts['log']): boolean {
  if (req.destroyed) log.info({ code: 'ECONNRESET' }, 'connection broken off');
  return req.destroyed;
}

function send(res: ServerResponse, { exposed }: Door, status: number, answer: object): true {
  const text = JSON.stringify(answer);
  // the context of a handler may have left the words of another status
  res.writeHead(status, STATUS_CODES[status], {
    Vary: 'Origin', 'Access-Control-Allow-Origin': '*', 'Access-Control-Expose-Headers': exposed, 'Cache-Control': 'no-store',
    ...(status === 503 && { 'Retry-After': RETRY_AFTER }), 'Content-Type': 'application/json; charset=utf-8', 'Content-Length': Buffer.byteLength(text),
  }).end(text);
  return true;
}
