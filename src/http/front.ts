import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { networksOf, plainAddress } from '../config/networks.ts';
import type { System } from '../config/schema.ts';
import { withAuditContext } from '../store/audit-context.ts';
import { securityHeaders } from './headers.ts';
import { routeOf, type RequestEvent } from './observe.ts';
import type { RealmHost } from './realm.ts';

type Handler = (req: IncomingMessage, res: ServerResponse) => unknown;

/** What is known of a request before anybody looks at what it asks. */
export type Arrival = {
  /** of the client, as far as trusted proxies tell */
  address: string;
  /** ten hexadecimal digits, on pages and in the log */
  reference: string;
  /** scheme and host as the client used them; undefined when there is doubt about the host */
  origin: string | undefined;
};

export type Front = {
  system: System; hosts: RealmHost[]; log: Logger;
  observe: (event: RequestEvent) => void;
  /** answers what is kept ready, or says how to answer what needs no page of ours; undefined: it is for `pages` */
  direct: (req: IncomingMessage, res: ServerResponse, arrival: Arrival) => 'answered' | (() => unknown) | undefined;
  /** everything else */
  pages: Handler;
};

const ARRIVAL = Symbol('arrival');
type Arrived = IncomingMessage & { [ARRIVAL]?: Arrival };

/** @throws Error of a request that did not come in by `frontDoor` */
export function arrivalOf(req: Arrived): Arrival {
  const arrival = req[ARRIVAL];
  if (!arrival) throw new Error('a request came in by no door');
  return arrival;
}

/** Where every request comes in: whom it is from, what is counted and logged of it, and the headers that every answer has. */
export function frontDoor({ system, hosts, log, observe, direct, pages }: Front): Handler {
  const arrive = arrivalsBehind(system);
  const setHeaders = securityHeaders(system.public_url.startsWith('https:'));
  const watch = watcher(hosts, log, observe);
  return (req: Arrived, res) => {
    const arrival = arrive(req);
    req[ARRIVAL] = arrival;
    watch(req, res, arrival);
    const work = direct(req, res, arrival);
    if (work === 'answered') return undefined;
    setHeaders(res);
    // whatever a request comes to do, its rows in an audit trail say where it came from
    const { address, reference } = arrival;
    return withAuditContext({ component: 'http', address, reference, userAgent: req.headers['user-agent'] ?? '' }, work ?? (() => pages(req, res)));
  };
}

/** X-Forwarded-* is believed of listed proxies only; from others it is taken away before anything reads it. */
function arrivalsBehind(system: System): (req: IncomingMessage) => Arrival {
  const isTrusted = remembered(networksOf(system.trusted_proxies));
  return (req) => {
    const peer = plainAddress(req.socket.remoteAddress ?? '');
    const reference = newReference();
    if (!isTrusted(peer)) {
      for (const name of Object.keys(req.headers)) if (name.startsWith('x-forwarded-')) delete req.headers[name];
      return { address: peer, reference, origin: originOf(req) };
    }
    const chain = String(req.headers['x-forwarded-for'] ?? '').split(',').map((address) => address.trim()).filter(Boolean);
    // the last address that is not one of ours is the client; what stands before it anyone can write
    return { address: chain.findLast((address) => !isTrusted(address)) ?? peer, reference, origin: originOf(req) };
  };
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
  return header === undefined ? undefined : String(header).split(',', 1)[0]?.trim();
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

/** Counts each request, and logs it in one line, without query, body, cookies or address: those hold what is personal or secret. */
function watcher(hosts: RealmHost[], log: Logger, observe: Front['observe']): (req: IncomingMessage, res: ServerResponse, arrival: Arrival) => void {
  const realms = new Set(hosts.map(({ realm }) => new URL(realm.issuer).pathname.slice(1)));
  return (req, res, { reference }) => {
    const start = performance.now();
    // others change the address on the way
    const { method, url = '/' } = req;
    res.on('close', () => {
      const path = pathOf(url);
      const ms = performance.now() - start;
      const done = res.writableFinished;
      observe({ route: routeOf(path, realms), status: done ? `${Math.floor(res.statusCode / 100)}xx` : 'aborted', seconds: ms / 1000 });
      if (done) log.info({ reference, method, path: withoutHandles(path), status: res.statusCode, ms: Math.round(ms) }, 'request');
    });
  };
}

/** A run's id is half of what opens it, and a mailed link the whole: neither is in every line. */
function withoutHandles(path: string): string {
  return path.replace(/(\/(?:login|auth)\/)[^/]+/i, '$1:run').replace(/(\/password\/link\/).*/i, '$1:handle');
}

/** The path of a request's target, which may be a whole address (RFC 9112, 3.2.2). */
export function pathOf(url: string): string {
  const path = url.startsWith('/') || !URL.canParse(url) ? url : new URL(url).pathname;
  const query = path.indexOf('?');
  return query < 0 ? path : path.slice(0, query);
}
