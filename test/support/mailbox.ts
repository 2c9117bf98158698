import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';

export type Mailbox = {
  url: string;
  /** how often each message arrived, by the id in its Message-ID */
  received: Map<string, number>;
  close(): Promise<void>;
};

/** An SMTP server that takes everything, after `pause` ms, and counts. */
export async function openMailbox(pause = 0): Promise<Mailbox> {
  const received = new Map<string, number>();
  const server = new SMTPServer({
    authOptional: true, disabledCommands: ['STARTTLS'], closeTimeout: 200,
    onData: (stream, _session, done) => {
      let raw = '';
      stream.on('data', (part: Buffer) => { raw += part.toString(); });
      stream.on('end', () => {
        setTimeout(() => {
          const id = /^Message-ID: <([^@]+)@/m.exec(raw)?.[1] ?? '';
          received.set(id, (received.get(id) ?? 0) + 1);
          done();
        }, pause);
      });
    },
  });
  // a client that was killed
  server.on('error', () => undefined);
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  return {
    url: `smtp://127.0.0.1:${(server.server.address() as AddressInfo).port}`, received,
    close: () => new Promise((resolve) => { server.close(() => resolve()); }),
  };
}
