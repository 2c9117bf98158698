import type { BrokerConfig, Realm } from '../../config/schema.ts';
import { BrokerRefusal } from '../broker.ts';

/**
 * The AuthnContextClassRef to ask for a level: the first in the broker's map that stands for it, else for the next level
 * up that the broker knows. List the map low to high.
 * @throws BrokerRefusal broker.unknown_level when the broker has nothing that high
 */
export function classRefFor(realm: Pick<Realm, 'levels'>, config: Pick<BrokerConfig, 'levels'>, levelId: string): string {
  const ladder = realm.levels.map((level) => level.id);
  const rank = ladder.indexOf(levelId);
  const known = Object.entries(config.levels)
    .map(([classRef, id]) => ({ classRef, rank: ladder.indexOf(id) }))
    .filter((entry) => rank >= 0 && entry.rank >= rank)
    .sort((a, b) => a.rank - b.rank);
  const [lowest] = known;
  if (!lowest) throw new BrokerRefusal('broker.unknown_level', `no class for level ${levelId}`);
  return lowest.classRef;
}

/**
 * The level that a class stands for at this broker.
 * @throws BrokerRefusal broker.unknown_level
 */
export function levelOf(config: Pick<BrokerConfig, 'levels'>, classRef: string): string {
  const level = Object.hasOwn(config.levels, classRef) ? config.levels[classRef] : undefined;
  if (!level) throw new BrokerRefusal('broker.unknown_level', `class ${classRef} is not in the broker's map`);
  return level;
}
