import { setTimeout as sleep } from 'node:timers/promises';
import { Counter, Gauge, type Registry } from 'prom-client';
import { lastSessionEnd, readFigures, sessionEndsAfter, type Figures } from '../store/figures.ts';
import type { Source } from './metrics.ts';

/** Milliseconds that figures are good for: scraping more often asks the databases nothing more. */
const FRESH = 10_000;
/** Milliseconds that a scrape waits for the databases. */
const PATIENCE = 2000;
/** Seconds after which a row of the trail is taken to be followed by no row with a lower number. */
const SETTLED = 5;

/** How each database stands: four small queries a realm, asked when somebody scrapes. The same at every node. */
export function createFigures(registers: Registry[], sources: () => Source[]): { refresh(): Promise<void>; /** asks when the last answer is no longer fresh */ refreshed(): Promise<void> } {
  const show = gauges(registers);
  const up = new Gauge({ name: 'sluis_database_up', help: '1 when the realm\'s database answered this node at the last scrape', labelNames: ['realm'], registers });
  const ended = new Counter({ name: 'sluis_sessions_ended_total', help: 'Sessions that ended since this node\'s first scrape, by reason; the same at every node', labelNames: ['realm', 'reason'], registers });
  const counted = new Map<string, number>();
  let asked = -Infinity;
  let busy: Promise<void> | undefined;

  const ask = async ({ realm, database, clock }: Source): Promise<void> => {
    const now = clock();
    try {
      show(realm.id, await readFigures(database.db, { now, idleSince: now - realm.ttl.idle }), now);
      const after = counted.get(realm.id) ?? await lastSessionEnd(database.db);
      const { last, ends } = await sessionEndsAfter(database.db, after, now - SETTLED);
      counted.set(realm.id, last);
      for (const { reason, count } of ends) ended.inc({ realm: realm.id, reason }, count);
      up.set({ realm: realm.id }, 1);
    } catch {
      // /readyz and the log of whoever needed the database say more
      up.set({ realm: realm.id }, 0);
    }
  };
  const refresh = async (): Promise<void> => {
    busy ??= Promise.all(sources().map(ask)).then(() => { asked = performance.now(); }).finally(() => { busy = undefined; });
    const end = new AbortController();
    const late = sleep(PATIENCE, 'late', { signal: end.signal }).catch(() => 'late');
    if (await Promise.race([busy, late]) === 'late') for (const { realm } of sources()) up.set({ realm: realm.id }, 0);
    end.abort();
  };
  return { refresh, refreshed: async () => { if (performance.now() - asked >= FRESH) await refresh(); } };
}

function gauges(registers: Registry[]): (realm: string, figures: Figures, now: number) => void {
  const messages = new Gauge({ name: 'sluis_outbox_messages', help: 'Messages that are not sent, by state; the same at every node', labelNames: ['realm', 'channel', 'state'], registers });
  const oldest = new Gauge({ name: 'sluis_outbox_oldest_seconds', help: 'Age of the oldest message that still is to be sent; the same at every node', labelNames: ['realm'], registers });
  const unsealed = new Gauge({ name: 'sluis_audit_unsealed', help: 'Rows of the audit trail that wait for their seal; the same at every node', labelNames: ['realm'], registers });
  const sessions = new Gauge({ name: 'sluis_sessions_live', help: 'Sessions that live; the same at every node', labelNames: ['realm'], registers });
  const shown = new Map<string, { realm: string; channel: string; state: string }>();
  return (realm, figures, now) => {
    // what is no longer there is none, not what it was
    for (const labels of shown.values()) if (labels.realm === realm) messages.set(labels, 0);
    for (const { channel, state, count } of figures.outbox) {
      messages.set({ realm, channel, state }, count);
      shown.set(`${realm} ${channel} ${state}`, { realm, channel, state });
    }
    const since = figures.outbox.filter(({ state }) => state !== 'failed').map((row) => row.oldest);
    oldest.set({ realm }, since.length === 0 ? 0 : Math.max(0, now - Math.min(...since)));
    unsealed.set({ realm }, figures.unsealed);
    sessions.set({ realm }, figures.sessions);
  };
}
