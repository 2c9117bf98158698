import { describe, expect, test } from '@jest/globals';
import { menuFor, mayOpen, portals } from './portals.ts';

const zorg = portals.find((portal) => portal.id === 'portaal-zorg')!;
const menu = (roles: string[]) => menuFor(zorg, roles).map((item) => item.id);

describe('IB-7: the menu follows the roles in the token', () => {
  test('Gebruiker uploads and downloads for iWmo and iJw, and consults Wlz', () => {
    expect(menu(['iwmo:gebruiker'])).toEqual(['iwmo-bestanden']);
    expect(menu(['ijw:gebruiker', 'wlz-registertoets:gebruiker'])).toEqual(['ijw-bestanden', 'wlz-raadplegen']);
  });

  test('Productbeheerder has the settings only', () => {
    expect(menu(['iwmo:productbeheerder', 'ijw:productbeheerder', 'wlz-registertoets:productbeheerder']))
      .toEqual(['iwmo-instellingen', 'ijw-instellingen', 'wlz-instellingen']);
  });

  test('no role, or one of another application, shows nothing', () => {
    expect(menu([])).toEqual([]);
    expect(menu(['bestanden:gebruiker', 'iwmo', 'gebruiker'])).toEqual([]);
  });

  test('the guard of a page is the same claim', () => {
    const settings = zorg.menu.find((item) => item.id === 'iwmo-instellingen')!;
    expect(mayOpen(settings, ['iwmo:gebruiker'])).toBe(false);
    expect(mayOpen(settings, ['iwmo:productbeheerder'])).toBe(true);
  });
});
