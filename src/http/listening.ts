import type { Server, ServerResponse } from 'node:http';

export type Listening = {
  port: number;
  /** Takes no more connections, and resolves when what is being answered is answered. */
  close(): Promise<void>;
};

/** Milliseconds after which a request in flight is given up: longer than any may last. */
const PATIENCE = 30_000;

/** Starts listening. Closing counts requests, not connections: a browser that holds one open must not keep us. */
export async function listening(server: Server, port: number, host?: string): Promise<Listening> {
  const answering = new Set<ServerResponse>();
  let closing = false;
  let idle: (() => void) | undefined;
  server.prependListener('request', (_req, res) => {
    answering.add(res);
    if (closing) res.shouldKeepAlive = false;
    res.on('close', () => {
      answering.delete(res);
      if (answering.size === 0) idle?.();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host }, resolve);
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : port,
    async close() {
      closing = true;
      // whoever is being answered learns that the next request goes elsewhere
      for (const res of answering) res.shouldKeepAlive = false;
      const closed = new Promise<void>((resolve) => { server.close(() => resolve()); });
      let late: NodeJS.Timeout | undefined;
      if (answering.size > 0) {
        await new Promise<void>((resolve) => {
          idle = resolve;
          late = setTimeout(resolve, PATIENCE);
        });
      }
      clearTimeout(late);
      server.closeAllConnections();
      await closed;
    },
  };
}
