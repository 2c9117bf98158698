import type { BrokerEvent } from '../flow/step.ts';

/** How the browser is sent to a broker: a redirect, or a form that posts itself (and has a button without script). */
export type BrowserMessage =
  | { method: 'redirect'; url: string }
  | { method: 'post'; url: string; fields: Record<string, string> };

/** What was asked, kept in the ticket until the answer comes. */
export type PendingRequest = { requestId: string; broker: string; levelId: string; at: number };

export type BrokerRequest = {
  /** opaque, at most 80 bytes; comes back unchanged (RelayState, state) */
  relay: string;
  /** lowest level that will do */
  levelId: string;
  /** somebody who is logged in there must log in again */
  fresh?: boolean;
  language: string;
};

/** An upstream identity provider. One instance per realm and broker. */
export type Broker = {
  id: string;
  /** builds the request; `pending` must be given back to `receive` */
  begin(request: BrokerRequest): Promise<{ message: BrowserMessage; pending: PendingRequest }>;
  /**
   * Verifies an answer. Believes nothing that is not proven.
   * @throws BrokerRefusal with a stable code when the answer may not be believed
   */
  receive(fields: Record<string, string>, pending: PendingRequest, now: number): Promise<{ event: BrokerEvent; replayIds: { id: string; expiresAt: number }[] }>;
};

/** An answer that may not be believed. `code` is stable; `detail` is for the log and never shown. */
export class BrokerRefusal extends Error {
  readonly code: string;
  constructor(code: string, detail: string) {
    super(detail);
    this.name = 'BrokerRefusal';
    this.code = code;
  }
}
