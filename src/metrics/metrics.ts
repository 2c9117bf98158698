import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { LifecycleEvent } from '../domain/lifecycle/worker.ts';
import { hashGate } from '../domain/passwords/gate.ts';
import type { FlowEvent } from '../flow/turn.ts';
import type { RequestEvent } from '../http/observe.ts';
import type { OutboxEvent } from '../messages/worker.ts';
import type { ProviderEvent } from '../oidc/observe.ts';
import type { Database, DatabaseEvent } from '../store/database.ts';
import { Durations } from './durations.ts';
import { createFigures } from './figures.ts';

/** What a realm tells. Labels are ids of configuration and fixed words only: no person, organisation, client or address. */
export type RealmMetrics = {
  database(event: DatabaseEvent): void;
  flow(event: FlowEvent): void;
  provider(event: ProviderEvent): void;
  outbox(event: OutboxEvent): void;
  lifecycle(event: LifecycleEvent): void;
  /** a new `Provider` with rotated keys came into use */
  keysRotated(): void;
};

/** A realm whose database is asked how it stands, at a scrape. */
export type Source = { realm: { id: string; ttl: { idle: number } }; database: Database; clock: () => number };

export type Metrics = {
  realm(id: string, dialect: Database['dialect']): RealmMetrics;
  request(event: RequestEvent): void;
  /** The page in Prometheus' text format. Databases that do not answer within two seconds are told of as they last were. */
  scrape(): Promise<string>;
  /** asks the databases, however short ago that was */
  refreshNow(): Promise<void>;
  stop(): void;
};

/** Media type of `scrape`. */
export const contentType = Registry.PROMETHEUS_CONTENT_TYPE;

const operations: DatabaseEvent['operation'][] = ['select', 'insert', 'update', 'delete', 'other', 'wait'];
const bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Of the process itself: once, however many installations a process holds. */
let ofProcess: Registry | undefined;

function processRegistry(): Registry {
  if (!ofProcess) {
    ofProcess = new Registry();
    collectDefaultMetrics({ register: ofProcess });
  }
  return ofProcess;
}

/** @param sources asked at a scrape, at most every ten seconds */
export function createMetrics(sources: () => Source[]): Metrics {
  const registry = new Registry();
  const registers: [Registry] = [registry];
  const stopHashes = countHashes(registers);
  const figures = createFigures(registers, sources);
  const realm = realmCounters(registers);
  const request = requestTimes(registry);
  return {
    realm,
    request,
    async scrape() {
      await figures.refreshed();
      return Registry.merge([registry, processRegistry()]).metrics();
    },
    refreshNow: () => figures.refresh(),
    stop: stopHashes,
  };
}

function requestTimes(registry: Registry): Metrics['request'] {
  const times = new Durations({ name: 'sluis_http_request_seconds', help: 'Time to answer a request, until its last byte', bounds, register: registry });
  const known = new Map<string, Map<string, (seconds: number) => void>>();
  return ({ route, status, seconds }) => {
    let ofRoute = known.get(route);
    if (!ofRoute) known.set(route, ofRoute = new Map<string, (seconds: number) => void>());
    let observe = ofRoute.get(status);
    if (!observe) ofRoute.set(status, observe = times.series({ route, status }));
    observe(seconds);
  };
}

function realmCounters(registers: [Registry]): Metrics['realm'] {
  const logins = new Counter({ name: 'sluis_logins_total', help: 'Logins by what became of them', labelNames: ['realm', 'portal', 'result', 'reason'], registers });
  const steps = new Counter({ name: 'sluis_login_steps_total', help: 'Answers to steps of a login', labelNames: ['realm', 'portal', 'step', 'outcome'], registers });
  const tokens = new Counter({ name: 'sluis_token_requests_total', help: 'Requests at the token endpoint; error is empty when tokens were given', labelNames: ['realm', 'grant', 'error'], registers });
  const authorizations = new Counter({ name: 'sluis_authorizations_total', help: 'Authorization requests answered to a portal; error is empty when a code was given', labelNames: ['realm', 'portal', 'error'], registers });
  const attempts = new Counter({ name: 'sluis_outbox_attempts_total', help: 'Attempts of this node to send a message', labelNames: ['realm', 'channel', 'result'], registers });
  const accounts = new Counter({ name: 'sluis_accounts_total', help: 'Accounts that this node looked after: told, made dormant, purged', labelNames: ['realm', 'task'], registers });
  const rotations = new Counter({ name: 'sluis_key_rotations_total', help: 'Rotated keys taken into use by this node', labelNames: ['realm'], registers });
  const queries = new Durations({ name: 'sluis_database_seconds', help: 'Time of a query; wait: for a connection', bounds, register: registers[0] });
  const failures = new Counter({ name: 'sluis_database_failures_total', help: 'Queries that failed, also those that were tried again', labelNames: ['realm', 'dialect', 'operation'], registers });
  return (id, dialect) => {
    rotations.inc({ realm: id }, 0);
    const observers = new Map(operations.map((operation) => [operation, queries.series({ realm: id, dialect, operation })]));
    return {
      database({ operation, seconds, failed }) {
        observers.get(operation)?.(seconds);
        if (failed) failures.inc({ realm: id, dialect, operation });
      },
      flow(event) {
        if (event.kind === 'step') steps.inc({ realm: id, portal: event.portal, step: event.step, outcome: event.outcome });
        else logins.inc({ realm: id, portal: event.portal, result: event.result, reason: event.reason ?? '' });
      },
      provider(event) {
        if (event.kind === 'token') tokens.inc({ realm: id, grant: event.grant, error: event.error });
        else authorizations.inc({ realm: id, portal: event.portal, error: event.error });
      },
      outbox: ({ channel, result }) => attempts.inc({ realm: id, channel, result }),
      lifecycle: ({ task, count }) => accounts.inc({ realm: id, task }, count),
      keysRotated: () => rotations.inc({ realm: id }),
    };
  };
}

function countHashes(registers: Registry[]): () => void {
  const waits = new Histogram({ name: 'sluis_hash_wait_seconds', help: 'Time that a password waited for its hash', buckets: bounds, registers });
  const refused = new Counter({ name: 'sluis_hash_refused_total', help: 'Passwords that were not checked because too many waited', registers });
  // prom-client reads `this`, so these are no arrows
  new Gauge({ name: 'sluis_hash_running', help: 'Password hashes that run now', registers, collect() { this.set(hashGate.load.running); } });
  new Gauge({ name: 'sluis_hash_waiting', help: 'Passwords that wait for their hash now', registers, collect() { this.set(hashGate.load.waiting); } });
  return hashGate.observe((event) => {
    if (event === 'refused') refused.inc();
    else waits.observe(event.waited);
  });
}
