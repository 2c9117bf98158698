import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';

export type Proxy = {
  /** how many requests each node answered */
  readonly answered: number[];
  /** sends everything to one node; undefined: in turn again */
  only(node?: number): void;
  stop(): Promise<void>;
};

/**
 * A reverse proxy as small as can be: every request goes to the next node, so no two of one person go to the same. A node
 * that takes no connection is passed over, as any load balancer does.
 * @param ports of the nodes, on this machine
 */
export async function startProxy(port: number, ports: number[]): Promise<Proxy> {
  const answered = ports.map(() => 0);
  let turn = 0;
  let pinned: number | undefined;

  const pass = (req: IncomingMessage, res: ServerResponse, body: Buffer, triesLeft: number): void => {
    const node = pinned ?? turn++ % ports.length;
    const headers = {
      ...req.headers, connection: 'close',
      'x-forwarded-for': [req.headers['x-forwarded-for'], req.socket.remoteAddress?.replace(/^::ffff:/, '')].filter(Boolean).join(', '),
      'x-forwarded-proto': 'http', 'x-forwarded-host': req.headers.host, 'content-length': body.length,
    };
    const there = request({ host: '127.0.0.1', port: ports[node], method: req.method, path: req.url, headers, agent: false }, (answer) => {
      answered[node] = (answered[node] ?? 0) + 1;
      res.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      answer.pipe(res);
    });
    there.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' && triesLeft > 0) pass(req, res, body, triesLeft - 1);
      else if (!res.headersSent) res.writeHead(502).end();
      else res.destroy();
    });
    there.end(body);
  };
  const server = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => pass(req, res, Buffer.concat(chunks), ports.length - 1));
  });
  await new Promise<void>((resolve, reject) => { server.once('error', reject).listen(port, resolve); });
  return {
    answered,
    only: (node) => { pinned = node; },
    stop: () => new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    }),
  };
}
