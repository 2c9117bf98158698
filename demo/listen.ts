import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';

export type Running = { close(): Promise<void> };

/**
 * Starts a server and waits until it listens.
 * @throws Error that names the port and its setting when the port is in use
 */
export async function listen(handler: (req: IncomingMessage, res: ServerResponse) => unknown, where: { host: string; port: number; setting: string; what: string }): Promise<Running> {
  const server = createServer((req, res) => { void handler(req, res); });
  await new Promise<void>((done, fail) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      fail(error.code === 'EADDRINUSE'
        ? new Error(`Port ${where.port} for ${where.what} is in use. Stop what uses it, or set ${where.setting} to another port.`)
        : error);
    });
    server.listen(where.port, where.host, done);
  });
  return { close: () => closeServer(server) };
}

function closeServer(server: Server): Promise<void> {
  return new Promise((done) => {
    server.close(() => done());
    server.closeIdleConnections();
    // a browser keeps its connection open; requests in flight get a moment
    setTimeout(() => server.closeAllConnections(), 2000).unref();
  });
}
