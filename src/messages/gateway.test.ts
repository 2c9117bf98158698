import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from '@jest/globals';
import type { Message } from '../store/outbox.ts';
import { createGatewaySender } from './gateway.ts';

const message: Message = {
  id: '0197-2', channel: 'sms', recipient: '+31612345678', subject: '', text: 'Uw code: 123456', html: null,
  code: '123456', links: [], secret: 1, state: 'sending', attempts: 1, next_at: 0, error: null, created_at: 0, sent_at: null, account_id: null,
};

async function gateway(status: number, headers: Record<string, string> = {}) {
  const seen: { method: string | undefined; headers: IncomingHttpHeaders; body: unknown }[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (part: Buffer) => { body += part.toString(); });
    request.on('end', () => {
      seen.push({ method: request.method, headers: request.headers, body: JSON.parse(body || 'null') });
      response.writeHead(status, headers).end('{}');
    });
  });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/send`;
  return {
    seen, send: createGatewaySender({ url, token: 'secret' }),
    close: () => new Promise((resolve) => { server.close(resolve); server.closeAllConnections(); }),
  };
}

test('an SMS is posted with the token, and with its id so that a second attempt is no second SMS', async () => {
  const { seen, send, close } = await gateway(202);
  await send(message);
  expect(seen).toMatchObject([{ method: 'POST', body: { channel: 'sms', to: '+31612345678', text: 'Uw code: 123456' } }]);
  expect(seen[0]?.headers).toMatchObject({ authorization: 'Bearer secret', 'idempotency-key': '0197-2', 'content-type': 'application/json' });
  await close();
});

test('any answer but success is a failure, named by its status', async () => {
  const { send, close } = await gateway(503);
  await expect(send(message)).rejects.toMatchObject({ code: 'gateway 503' });
  await close();
});

test('the token does not follow a redirect', async () => {
  const { seen, send, close } = await gateway(307, { location: '/elsewhere' });
  await expect(send(message)).rejects.toThrow();
  expect(seen).toHaveLength(1);
  await close();
});
