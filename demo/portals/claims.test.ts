import { describe, expect, test } from '@jest/globals';
import { greeting, levelLabel, readUser } from './claims.ts';

describe('ALL-1: what a portal reads of the token', () => {
  test('organisation with its numbers, roles and level; userinfo wins over the ID token', () => {
    const user = readUser(
      { sub: '1', acr: 'http://eidas.europa.eu/LoA/substantial', roles: ['old:role'] },
      { sub: '1', name: 'Bram van der Linde', roles: ['iwmo:gebruiker'], organisation: { id: 'o', name: 'Gemeente Lissendam', identifiers: { kvk: '99990001' } } },
    );
    expect(user).toMatchObject({ name: 'Bram van der Linde', roles: ['iwmo:gebruiker'], organisation: { name: 'Gemeente Lissendam', identifiers: { kvk: '99990001' } } });
    expect(levelLabel(user.acr)).toBe('niveau 3');
  });

  test('claims of another shape are left out, not believed', () => {
    expect(readUser({}, { roles: 'iwmo:gebruiker', organisation: 'x', name: 7 })).toMatchObject({ roles: [], organisation: undefined, name: '', acr: '' });
    expect(readUser({}, { roles: ['a:b', 3, null], organisation: { identifiers: { kvk: 1 } } })).toMatchObject({ roles: ['a:b'], organisation: { name: '', identifiers: {} } });
  });

  test('the greeting goes by the hour in the Netherlands', () => {
    expect(['2026-01-05T07:00:00Z', '2026-07-05T10:30:00Z', '2026-01-05T18:00:00Z', '2026-01-05T23:30:00Z'].map((at) => greeting(new Date(at))))
      .toEqual(['Goedemorgen', 'Goedemiddag', 'Goedenavond', 'Goedenacht']);
  });
});
