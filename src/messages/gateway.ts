import type { System } from '../config/schema.ts';
import type { Sender } from './senders.ts';

/** Milliseconds. */
const TIMEOUT = 5000;

/** The gateway answered, but did not take the message. */
export class GatewayError extends Error {
  readonly code: string;

  constructor(status: number) {
    super(`the gateway answered ${status}`);
    this.code = `gateway ${status}`;
  }
}

/**
 * SMS and voice through an HTTP gateway: POST {channel, to, text}. The message's id is the Idempotency-Key, so that a
 * second attempt after a lost answer does not reach the person twice.
 */
export function createGatewaySender({ url, token }: NonNullable<System['gateway']>): Sender {
  return async ({ id, channel, recipient, text }) => {
    const response = await fetch(url, {
      method: 'POST',
      // the token is for this address only
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT),
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}`, 'idempotency-key': id },
      body: JSON.stringify({ channel, to: recipient, text }),
    });
    await response.body?.cancel();
    if (!response.ok) throw new GatewayError(response.status);
  };
}
