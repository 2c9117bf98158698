import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Call = { method: string; path: string; type: string; fields: Record<string, string> };

/** A client's own server, that keeps what it is posted: where back-channel logout goes to. */
export class Listener {
  readonly calls: Call[] = [];
  /** status of the next answers; 200 when there is none left */
  readonly answers: number[] = [];
  private readonly server: Server;

  private constructor(server: Server) {
    this.server = server;
  }

  static async start(): Promise<Listener> {
    const server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => { body += chunk.toString(); });
      request.on('end', () => {
        listener.calls.push({ method: request.method ?? '', path: request.url ?? '', type: request.headers['content-type'] ?? '', fields: Object.fromEntries(new URLSearchParams(body)) });
        response.writeHead(listener.answers.shift() ?? 200).end();
      });
    });
    const listener = new Listener(server);
    await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
    return listener;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  stop(): Promise<void> {
    return new Promise((resolve) => { this.server.close(() => resolve()); this.server.closeAllConnections(); });
  }
}

/** Waits until something holds, at most five seconds. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let i = 0; i < 250; i += 1) {
    if (await holds()) return;
    await new Promise((resolve) => { setTimeout(resolve, 20); });
  }
  throw new Error(`it never happened: ${what}`);
}
