import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { networksOf, plainAddress } from '../config/networks.ts';
import type { System } from '../config/schema.ts';

/** What is known of a request before anybody looks at what it asks. */
export type Arrival = {
  /** of the client, as far as trusted proxies tell */
  readonly address: string;
  /** ten hexadecimal digits, on pages and in the log */
  readonly reference: string;
  /** scheme and host as the client used them; undefined when there is doubt about the host */
  readonly origin: string | undefined;
};

/** X-Forwarded-* is believed of listed proxies only; from others it is taken away before anything reads it. */
export function arrivalsBehind(system: System): (req: IncomingMessage) => Arrival {
  const isTrusted = remembered(networksOf(system.trusted_proxies));
  return (req) => {
    const peer = plainAddress(req.socket.remoteAddress ?? '');
    if (isTrusted(peer)) return new Coming(peer, originOf(req), String(req.headers['x-forwarded-for'] ?? ''), isTrusted);
    for (const name of Object.keys(req.headers)) if (name.startsWith('x-forwarded-')) delete req.headers[name];
    return new Coming(peer, originOf(req), '', isTrusted);
  };
}

/** What not every request needs is found out when it is asked for. */
class Coming implements Arrival {
  readonly origin: string | undefined;
  #address: string | undefined;
  #reference: string | undefined;
  readonly #peer: string;
  readonly #forwarded: string;
  readonly #isTrusted: (address: string) => boolean;

  constructor(peer: string, origin: string | undefined, forwarded: string, isTrusted: (address: string) => boolean) {
    this.origin = origin;
    this.#peer = peer;
    this.#forwarded = forwarded;
    this.#isTrusted = isTrusted;
  }

  get address(): string {
    // the last address that is not one of ours is the client; what stands before it anyone can write
    return (this.#address ??= this.#forwarded.split(',').map((address) => address.trim()).filter(Boolean).findLast((address) => !this.#isTrusted(address)) ?? this.#peer);
  }

  get reference(): string {
    return (this.#reference ??= newReference());
  }
}

function originOf(req: IncomingMessage): string | undefined {
  // of two Host headers a proxy may have read the other one (RFC 9112, 3.2)
  let named = 0;
  for (let index = 0; index < req.rawHeaders.length; index += 2) {
    const name = req.rawHeaders[index];
    if (name?.length === 4 && name.toLowerCase() === 'host') named += 1;
  }
  if (named !== 1) return undefined;
  return `${first(req.headers['x-forwarded-proto']) ?? 'http'}://${first(req.headers['x-forwarded-host']) ?? req.headers.host}`;
}

function first(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  const text = String(header);
  // one proxy, one value: nearly always
  return (text.includes(',') ? text.slice(0, text.indexOf(',')) : text).trim();
}

/** Answers about the last thousand addresses: they follow from the configuration alone, and looking takes longer than remembering. */
function remembered(ask: (address: string) => boolean): (address: string) => boolean {
  const known = new Map<string, boolean>();
  return (address) => {
    const before = known.get(address);
    if (before !== undefined) return before;
    const answer = ask(address);
    if (known.size >= 1000) known.clear();
    known.set(address, answer);
    return answer;
  };
}

function newReference(): string {
  const id = randomUUID();
  return `${id.slice(0, 8)}${id.slice(9, 11)}`.toUpperCase();
}
