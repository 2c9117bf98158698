import { createServer, request, type IncomingHttpHeaders } from 'node:http';
import { duplexPair } from 'node:stream';
import type { Provider } from 'oidc-provider';

export type Answer = { status: number; headers: IncomingHttpHeaders; text: string; body: Record<string, unknown> };
export type Ask = (path: string, options?: { form?: Record<string, string>; headers?: Record<string, string> }) => Promise<Answer>;

/** Asks a provider over HTTP without a port: both ends of the connection are in this process. `path` is below the issuer. */
export function askOf(provider: Provider, issuer: string): Ask {
  const { host, pathname: prefix, protocol } = new URL(issuer);
  const handle = provider.callback();
  const server = createServer((req, res) => {
    // as http/mount.ts does: the provider derives its addresses from the difference
    Object.assign(req, { originalUrl: req.url, url: req.url?.slice(prefix.length) });
    void handle(req, res);
  });
  return (path, { form, headers = {} } = {}) => new Promise((resolve, reject) => {
    const [ours, theirs] = duplexPair();
    server.emit('connection', theirs);
    const content = form && new URLSearchParams(form).toString();
    const sent = request({
      createConnection: () => ours as never, method: content === undefined ? 'GET' : 'POST', path: `${prefix}${path}`,
      headers: {
        host, 'x-forwarded-proto': protocol.slice(0, -1), connection: 'close',
        ...(content !== undefined && { 'content-type': 'application/x-www-form-urlencoded', 'content-length': Buffer.byteLength(content) }), ...headers,
      },
    }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text, body: jsonOf(text) });
      });
    });
    sent.on('error', reject);
    sent.end(content);
  });
}

function jsonOf(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}
