export type NameParts = {
  initials?: string | null;
  given_name?: string | null;
  infix?: string | null;
  family_name?: string | null;
  email?: string | null;
};

/** Controls, lone surrogates, and marks that turn the reading direction round: a name with them can pose as another. */
export const UNWANTED = /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff]/u;

/** A person's name as others read it: `Anna de Vries`, or `A.B. de Vries` when there is no given name. */
export function displayName(person: NameParts): string {
  const name = [person.given_name || person.initials, person.infix, person.family_name].filter(Boolean).join(' ');
  return name || person.email || '';
}

/** Orders people as a list by family name is read, infix last (Vries, de). */
export function byFamilyName(language: string): (a: NameParts, b: NameParts) => number {
  const collator = new Intl.Collator(language, { sensitivity: 'base' });
  return (a, b) => collator.compare(sortName(a), sortName(b));
}

function sortName(person: NameParts): string {
  return [person.family_name, person.given_name || person.initials, person.infix].filter(Boolean).join(' ');
}
