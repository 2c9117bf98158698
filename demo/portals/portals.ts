import type { Home } from './cak.ts';
import { cakPortals } from './cak.ts';
import { careflexPortals } from './careflex.ts';
import { cizPortals } from './ciz.ts';

/** The relying parties of the demo world. What a menu item asks is a role of the token: `<application>:<role>`. */
export type MenuItem = {
  id: string;
  label: string;
  /** any of these roles opens it; absent: open to whoever may enter the portal */
  roles?: string[];
  text: string;
};

export type Portal = {
  /** also the client id and the folder in the address */
  id: string;
  realm: string;
  name: string;
  owner: string;
  /** what somebody needs before logging in */
  notices: string[];
  intro: string;
  /** a test environment: marked on every page (seed row IB-10) */
  test?: true;
  /** demo secret; absent: the client signs with its own key (private_key_jwt) */
  secret?: string;
  /** when it can be used, as its operator says it */
  hours?: string;
  /** id of the application of which the person chooses under which number they work (seed row CAK-13) */
  accountsOf?: string;
  /** the page at Sluis for who cannot log in, and what this portal says of it */
  trouble?: string;
  /** leads administrators on to the administration of users at Sluis */
  admin?: true;
  /** its header has a menu under one's name: account, security, another organisation, logging out (seed row CFX-3) */
  userMenu?: true;
  /** its home has a side menu; absent: a dashboard */
  home?: Home;
  menu: MenuItem[];
};

const userOf = (application: string) => [`${application}:gebruiker`];
const managerOf = (application: string) => [`${application}:productbeheerder`];

/** Rights of Gebruiker and Productbeheerder: the manual 'Inloggen op portaal Zorg', section 2 (seed row IB-7). */
const zorg: MenuItem[] = [
  { id: 'iwmo-bestanden', label: 'iWmo: bestanden', roles: userOf('iwmo'), text: 'Bestanden uploaden en downloaden voor iWmo.' },
  { id: 'iwmo-instellingen', label: 'iWmo: instellingen', roles: managerOf('iwmo'), text: '(Webservice)instellingen van iWmo.' },
  { id: 'ijw-bestanden', label: 'iJw: bestanden', roles: userOf('ijw'), text: 'Bestanden uploaden en downloaden voor iJw.' },
  { id: 'ijw-instellingen', label: 'iJw: instellingen', roles: managerOf('ijw'), text: '(Webservice)instellingen van iJw.' },
  { id: 'wlz-raadplegen', label: 'Wlz-Registertoets: raadplegen', roles: userOf('wlz-registertoets'), text: 'Wlz-indicaties raadplegen.' },
  { id: 'wlz-instellingen', label: 'Wlz-Registertoets: instellingen', roles: managerOf('wlz-registertoets'), text: '(Webservice)instellingen van de Wlz-Registertoets.' },
];

const network = 'U heeft Gemnet of Diginetwerk nodig om in te loggen op dit portaal.';

export const portals: Portal[] = [
  {
    id: 'portaal-zorg',
    realm: 'inlichtingenbureau',
    admin: true,
    name: 'portaal Zorg',
    owner: 'Wmo en Jeugdzorg',
    notices: [
      network,
      'U heeft eHerkenning nodig, minimaal niveau 3.',
    ],
    intro: 'Voor het berichtenverkeer op het gebied van Wmo en Jeugdzorg.',
    menu: zorg,
  },
  {
    id: 'werk-en-inkomen',
    realm: 'inlichtingenbureau',
    admin: true,
    name: 'portaal Werk en inkomen',
    owner: 'Werk en inkomen, Onderwijs, Belastingen',
    notices: [
      network,
      'U heeft eHerkenning nodig, minimaal niveau 2.',
    ],
    intro: 'Voor het aanleveren van bestanden en het ophalen van rapportages.',
    menu: [
      { id: 'aanleveren', label: 'Bestanden aanleveren', text: 'Bestanden aanleveren voor Werk en inkomen.' },
      { id: 'rapportages', label: 'Rapportages', text: 'Rapportages ophalen.' },
    ],
  },
  {
    id: 'centrale-voorziening-bvv',
    realm: 'inlichtingenbureau',
    admin: true,
    name: 'Centrale Voorziening Bvv',
    owner: 'Basisvoorziening vreemdelingen',
    notices: [
      network,
      'U heeft eHerkenning nodig, minimaal niveau 4: een smartcard of USB-token.',
    ],
    intro: 'Voor het opvragen van verblijfsgegevens.',
    menu: [
      { id: 'raadplegen', label: 'Verblijfsgegevens raadplegen', text: 'Verblijfsgegevens raadplegen.' },
    ],
  },
  {
    id: 'portaal-zorg-test',
    realm: 'inlichtingenbureau',
    admin: true,
    name: 'Testomgeving portaal Zorg',
    owner: 'Wmo en Jeugdzorg',
    notices: [
      network,
      'U heeft eHerkenning nodig, minimaal niveau 3.',
    ],
    intro: 'Om het berichtenverkeer van Wmo en Jeugdzorg te proberen.',
    test: true,
    menu: zorg,
  },
  ...cakPortals,
  ...cizPortals,
  ...careflexPortals,
];

/** What somebody with these roles sees, in the order of the portal. */
export function menuFor(portal: Portal, roles: string[]): MenuItem[] {
  return portal.menu.filter((item) => mayOpen(item, roles));
}

/** The guard of each page, by the same claim that decides the menu. */
export function mayOpen(item: Pick<MenuItem, 'roles'>, roles: string[]): boolean {
  return item.roles === undefined || item.roles.some((role) => roles.includes(role));
}
