import type { Realm } from '../config/schema.ts';
import type { Facts, Proof } from './facts.ts';
import type { StepModel } from './step.ts';

type Ladder = Pick<Realm, 'levels'>;

/** Position on the realm's ladder, 0 = lowest; -1 for no or an unknown level. */
export function rankOf({ levels }: Ladder, levelId: string | undefined): number {
  return levels.findIndex((level) => level.id === levelId);
}

/**
 * The highest rank that these proofs reach: by one of them alone, or by factors that a level asks together. A second factor
 * by itself earns nothing: what stands beside it must count too.
 */
export function highest(realm: Ladder, proofs: Proof[]): number {
  return Math.max(-1, ...proofs.map((proof) => rankOf(realm, proof.level)), ...realm.levels.map((_, rank) => (earning(realm, rank, proofs).length > 0 ? rank : -1)));
}

/** Epoch seconds at which the level reached was earned: the newest proof that is enough for it, or that completed what is. */
export function earnedAt(realm: Ladder, { proofs, level }: Pick<Facts, 'proofs' | 'level'>): number {
  const alone = proofs.filter((proof) => rankOf(realm, proof.level) === level);
  return Math.max(...[...alone, ...earning(realm, level, proofs).flat()].map((proof) => proof.at));
}

/** The ways in which these proofs earn a level together. */
function earning({ levels }: Ladder, rank: number, proofs: Proof[]): Proof[][] {
  return (levels[rank]?.factors ?? []).flatMap((way) => {
    const used = proofs.filter((proof) => way.includes(proof.factor));
    return way.every((factor) => used.some((proof) => proof.factor === factor)) ? [used] : [];
  });
}

/** Id of the highest level that a factor helps to earn; undefined when it earns none together with others. */
export function reachedWith({ levels }: Ladder, factor: string): string | undefined {
  return levels.findLast((level) => level.factors?.some((way) => way.includes(factor)))?.id;
}

/** Id of the highest level that a factor earns by itself; undefined when it earns none. */
export function reachedAlone(realm: Ladder, factor: string): string | undefined {
  return realm.levels[highest(realm, [{ factor, level: '', at: 0 }])]?.id;
}

/** Model of a step that asks a second factor of somebody who has set it up. */
export function secondFactorModel(realm: Ladder, factor: 'totp' | 'sms' | 'passkey' | 'recovery'): StepModel {
  const reaches = reachedWith(realm, factor);
  return { settledBy: ['second_factor_shown'], passes: true, gives: ['second_factor_shown'], ...(reaches !== undefined && { reaches }) };
}
