import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import type { System } from '../config/schema.ts';
import { withAuditContext } from '../store/audit-context.ts';
import { requestCame } from '../store/memory.ts';
import { arrivalsBehind, type Arrival } from './arrival.ts';
import { securityHeaders } from './headers.ts';
import { routeOf, type RequestEvent } from './observe.ts';
import type { RealmHost } from './realm.ts';

type Handler = (req: IncomingMessage, res: ServerResponse) => unknown;

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
    requestCame();
    // others change the address on the way
    const seen = watch(req, res);
    const arrival = arrive(req);
    const work = direct(req, res, arrival);
    if (work === 'answered') return seen.kept();
    req[ARRIVAL] = arrival;
    seen.untilAnswered(arrival);
    setHeaders(res);
    // whatever a request comes to do, its rows in an audit trail say where it came from
    const { address, reference } = arrival;
    return withAuditContext({ component: 'http', address, reference, userAgent: req.headers['user-agent'] ?? '' }, work ?? (() => pages(req, res)));
  };
}

/** Counts each request, and logs it in one line, without query, body, cookies or address: those hold what is personal or secret. */
function watcher(hosts: RealmHost[], log: Logger, observe: Front['observe']): (req: IncomingMessage, res: ServerResponse) => Watch {
  const realms = new Set(hosts.map(({ realm }) => new URL(realm.issuer).pathname.slice(1)));
  return (req, res) => new Watch(req, res, { realms, log, observe });
}

type Watching = { realms: ReadonlySet<string>; log: Logger; observe: Front['observe'] };

class Watch {
  readonly #start = performance.now();
  readonly #method: string | undefined;
  readonly #url: string;
  readonly #res: ServerResponse;
  readonly #watching: Watching;

  constructor({ method, url = '/' }: IncomingMessage, res: ServerResponse, watching: Watching) {
    this.#method = method;
    this.#url = url;
    this.#res = res;
    this.#watching = watching;
  }

  /** What everybody may read was answered from what is kept: counted, and in the log of who looks closely. */
  kept(): void {
    this.#tell('debug', true);
  }

  /** Anything else is told of when the answer is away, or nobody waits for it any more. */
  untilAnswered(arrival: Arrival): void {
    this.#res.on('close', () => this.#tell('info', this.#res.writableFinished, arrival));
  }

  #tell(level: 'info' | 'debug', done: boolean, arrival?: Arrival): void {
    const { realms, log, observe } = this.#watching;
    const path = pathOf(this.#url);
    const ms = performance.now() - this.#start;
    const { statusCode: status } = this.#res;
    observe({ route: routeOf(path, realms), status: done ? `${Math.floor(status / 100)}xx` : 'aborted', seconds: ms / 1000 });
    if (!done || !log.isLevelEnabled(level)) return;
    log[level]({ ...(arrival && { reference: arrival.reference }), method: this.#method, path: withoutHandles(path), status, ms: Math.round(ms) }, 'request');
  }
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
