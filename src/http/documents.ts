import { createHash } from 'node:crypto';
import type { IncomingMessage, OutgoingHttpHeader, ServerResponse } from 'node:http';
import type { RealmHost } from './realm.ts';

/**
 * `text`: as a string, because node sends headers and a string in one write, and bytes in two. `headers`: names and values in
 * turn, as they are sent; `unchanged`: those of an answer without the body
 */
type Document = { text: string; etag: string; headers: OutgoingHttpHeader[]; unchanged: OutgoingHttpHeader[] };

/** What every portal and API reads over and over, and is the same for all of them until the keys change. */
const paths = new Set(['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server', '/jwks']);

/** Seconds, where the provider's answer says nothing: the next keys are published long before they sign. */
const MAX_AGE = 300;

/**
 * Keeps the provider's discovery documents and keys as the bytes that were sent, for as long as the provider itself: new
 * keys come with a new provider, and with that its documents are made anew. Only for requests with the issuer's own scheme
 * and host: addresses in the documents follow those of the request.
 * @returns answers a request when it can (`path` is below the realm); else it keeps what the provider is going to answer
 */
export function keptDocuments(host: Pick<RealmHost, 'provider'>): (req: IncomingMessage, res: ServerResponse, path: string) => boolean {
  const kept = new WeakMap<object, Map<string, Document>>();
  return (req, res, path) => {
    // pages of other origins get headers of their own
    if (!paths.has(path) || req.method !== 'GET' || req.headers.origin !== undefined) return false;
    const { provider } = host;
    let documents = kept.get(provider);
    if (!documents) kept.set(provider, documents = new Map<string, Document>());
    const document = documents.get(path);
    if (document) answer(req, res, document);
    else hear(res, (made) => documents.set(path, made));
    return document !== undefined;
  };
}

function answer(req: IncomingMessage, res: ServerResponse, { text, etag, headers, unchanged }: Document): void {
  if (req.headers['if-none-match'] === etag) res.writeHead(304, unchanged).end();
  else res.writeHead(200, headers).end(text);
}

/** Hears what is sent in the end, whatever else adds to it on the way. */
function hear(res: ServerResponse, keep: (document: Document) => void): void {
  const end = res.end.bind(res) as (...args: unknown[]) => ServerResponse;
  res.end = ((...args: unknown[]) => {
    const [chunk] = args;
    if (res.statusCode === 200 && (typeof chunk === 'string' || Buffer.isBuffer(chunk))) {
      const body = Buffer.from(chunk as string);
      const etag = `"${createHash('sha256').update(body).digest('base64url')}"`;
      res.setHeader('ETag', etag);
      if (!res.hasHeader('Cache-Control')) res.setHeader('Cache-Control', `public, max-age=${MAX_AGE}`);
      const headers = Object.entries(res.getHeaders()) as [string, OutgoingHttpHeader][];
      keep({ text: body.toString(), etag, headers: headers.flat(), unchanged: headers.filter(([name]) => name !== 'content-length').flat() });
    }
    return end(...args);
  }) as typeof res.end;
}
