const prefix = 'urn:etoegang:core:assurance-class:';

/** eHerkenning levels, low to high (Afsprakenstelsel, level of assurance). */
const ladder = ['loa1', 'loa2', 'loa2plus', 'loa3', 'loa4'].map((name) => prefix + name);

/** What is reached without a card: password and SMS code never give level 4. */
export const highestWithoutCard = `${prefix}loa3`;
/** Name and password alone. */
export const passwordOnly = `${prefix}loa2`;
export const card = `${prefix}loa4`;

/** Rank on the ladder; an unknown class is above everything, so that nothing satisfies it. */
export function rank(level: string): number {
  const at = ladder.indexOf(level);
  return at === -1 ? ladder.length : at;
}

export function lower(a: string, b: string): string {
  return rank(a) <= rank(b) ? a : b;
}

/** The level as people call it: `2+` for loa2plus. */
export function label(level: string): string {
  return level.replace(`${prefix}loa`, '').replace('plus', '+');
}
