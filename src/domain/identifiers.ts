import { DomainError } from './errors.ts';

/** Numbers by which organisations are registered. All are kept as digits: leading zeros count. */
export const identifierTypes = ['kvk', 'rsin', 'oin', 'agb', 'kbo', 'relation_number'] as const;
export type IdentifierType = (typeof identifierTypes)[number];

const checks: Record<IdentifierType, (digits: string) => string | undefined> = {
  kvk: (digits) => shaped(digits, /^\d{8}$/),
  rsin: (digits) => (/^\d{9}$/.test(digits) && passesElfProef(digits) ? digits : undefined),
  oin: (digits) => shaped(digits, /^\d{20}$/),
  agb: (digits) => shaped(digits, /^\d{8}$/),
  kbo: checkKbo,
  relation_number: (digits) => shaped(digits, /^\d{1,12}$/),
};

/**
 * Normalises an identifier of an organisation (dots, spaces and dashes go) and checks its shape and check digits
 * (RSIN: elf-proef, KBO: modulo 97).
 * @throws DomainError `identifier.unknown` for a type we do not know, `identifier.<type>` for a value that is not one
 */
export function checkIdentifier(type: string, value: string): string {
  if (!isIdentifierType(type)) throw new DomainError('identifier.unknown', { type });
  const checked = checks[type](value.replace(/[\s.\-‐‑–]/g, ''));
  if (checked === undefined) throw new DomainError(`identifier.${type}`, { type });
  return checked;
}

function isIdentifierType(type: string): type is IdentifierType {
  return (identifierTypes as readonly string[]).includes(type);
}

function shaped(digits: string, shape: RegExp): string | undefined {
  return shape.test(digits) ? digits : undefined;
}

/** 9a+8b+7c+6d+5e+4f+3g+2h-1i is a multiple of 11; nine zeros would pass and are no number. */
function passesElfProef(digits: string): boolean {
  const sum = [...digits].reduce((total, digit, at) => total + Number(digit) * (at === 8 ? -1 : 9 - at), 0);
  return sum % 11 === 0 && !/^0+$/.test(digits);
}

/** Ten digits of the 0- or 1-series; the old form has nine and gets a leading zero. */
function checkKbo(typed: string): string | undefined {
  const digits = typed.length === 9 ? `0${typed}` : typed;
  if (!/^[01]\d{9}$/.test(digits)) return undefined;
  return Number(digits.slice(8)) === 97 - (Number(digits.slice(0, 8)) % 97) ? digits : undefined;
}
