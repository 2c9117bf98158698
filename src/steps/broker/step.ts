import { z } from 'zod';
import type { BrokerConfig, Realm } from '../../config/schema.ts';
import { brokerSkew } from '../../flow/demand.ts';
import { rankOf } from '../../flow/levels.ts';
import { aboutTheAccount } from '../../flow/predicates.ts';
import { defineStep, type BrokerEvent, type Outcome, type Run } from '../../flow/step.ts';

const config = z.strictObject({});
const input = z.object({ broker: z.string().max(100).default(''), remember: z.string().max(5).default('') });
type Input = z.infer<typeof input>;
type BrokerRun = Run<unknown, unknown>;

/** Choice of a broker (row IB-2) and the way there and back. */
export const broker = defineStep<unknown, unknown, Input>({
  id: 'broker',
  config,
  state: z.unknown(),
  input,
  secrets: [],
  model: (_config, realm) => ({
    settledBy: ['identified', 'level_reached'],
    passes: true,
    gives: ['identified'],
    // another person may stand before us than a moment ago
    forgets: ['registered', ...aboutTheAccount],
    reaches: highestLevel(realm),
  }),
  page,
  submit,
  resume,
});

function page({ realm, portal, facts, remembered }: BrokerRun) {
  const last = remembered['broker'];
  return {
    provider: realm.name,
    service: portal.service,
    level: realm.levels[facts.required.level]?.label ?? '',
    means: realm.links.means,
    remember: true,
    brokers: activeBrokers(realm).map((b) => {
      const available = canDeliver(realm, b, facts.required.level);
      return { id: b.id, name: b.name, formerly: b.formerly, available, last: b.id === last, checked: available && b.id === last };
    }),
  };
}

async function submit({ realm, facts }: BrokerRun, { broker: id }: Input): Promise<Outcome<unknown>> {
  if (id === '') return refused('broker.required');
  const chosen = activeBrokers(realm).find((b) => b.id === id);
  if (!chosen) return refused('broker.unknown');
  return canDeliver(realm, chosen, facts.required.level) ? { kind: 'leave', broker: chosen.id } : refused('broker.unavailable');
}

async function resume({ facts: { required: { since } } }: BrokerRun, event: BrokerEvent): Promise<Outcome<unknown>> {
  // asked to have the person log in anew, the broker answered with an older login: it would not count
  if (event.ok && since !== undefined && event.at < since - brokerSkew) return refused('broker.not_fresh');
  if (event.ok) return { kind: 'pass', proofs: [{ factor: 'broker', level: event.level, at: event.at, broker: event.identity }] };
  if (event.code === 'cancelled') return refused('broker.cancelled');
  return refused(event.code === 'level_unavailable' ? 'broker.unavailable' : 'broker.failed');
}

function refused(code: string): Outcome<unknown> {
  return { kind: 'ask', problems: [{ field: 'broker', code }] };
}

/** Alphabetical by display name, case-insensitive, as the scheme asks (ETD, list of authentication services). */
function activeBrokers(realm: Realm): BrokerConfig[] {
  const order = new Intl.Collator('nl', { sensitivity: 'base' });
  return realm.brokers.filter((b) => b.active).toSorted((a, b) => order.compare(a.name, b.name));
}

function canDeliver(realm: Realm, { level }: BrokerConfig, required: number): boolean {
  return rankOf(realm, level) >= required;
}

function highestLevel(realm: Realm): string {
  const rank = Math.max(-1, ...activeBrokers(realm).map((b) => rankOf(realm, b.level)));
  return realm.levels[rank]?.id ?? '';
}
