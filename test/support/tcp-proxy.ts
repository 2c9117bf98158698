import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** Bad weather between Sluis and a server. */
export type TcpProxy = {
  port: number;
  /** lets everything through again */
  open(): void;
  /** breaks what is open and accepts nothing */
  refuse(): void;
  /** stays connected and accepts, but nothing moves */
  hang(): void;
  /** breaks the connection on which this text is next sent to the server, before the server sees it */
  cutBefore(text: string): void;
  /** how often that happened */
  cuts: number;
  close(): Promise<void>;
};

/** Stands between a client and the server at `host:port`. */
export async function startProxy(host: string, port: number): Promise<TcpProxy> {
  const pairs = new Set<{ client: Socket; server: Socket }>();
  let mode: 'open' | 'refuse' | 'hang' = 'open';
  let trap: string | undefined;
  const listener = createServer((client) => {
    if (mode === 'refuse') return client.destroy();
    const server = connect(port, host);
    const pair = { client, server };
    pairs.add(pair);
    for (const socket of [client, server]) {
      socket.on('error', () => undefined);
      socket.on('close', () => {
        pairs.delete(pair);
        client.destroy();
        server.destroy();
      });
    }
    client.on('data', (chunk: Buffer) => {
      if (trap !== undefined && chunk.includes(trap)) {
        trap = undefined;
        proxy.cuts += 1;
        client.destroy();
      } else if (mode !== 'hang') server.write(chunk);
    });
    server.on('data', (chunk: Buffer) => { if (mode !== 'hang') client.write(chunk); });
    return undefined;
  });
  await new Promise<void>((resolve) => { listener.listen(0, '127.0.0.1', resolve); });
  const breakAll = (): void => { for (const { client } of pairs) client.destroy(); };
  const proxy: TcpProxy = {
    port: (listener.address() as AddressInfo).port,
    cuts: 0,
    open() {
      // what hung has lost bytes and would be garbled
      if (mode === 'hang') breakAll();
      mode = 'open';
    },
    refuse() {
      mode = 'refuse';
      breakAll();
    },
    hang() { mode = 'hang'; },
    cutBefore(text) { trap = text; },
    close: () => new Promise((resolve) => {
      breakAll();
      listener.close(() => resolve());
    }),
  };
  return proxy;
}
