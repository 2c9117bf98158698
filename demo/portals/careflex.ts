import type { Portal } from './portals.ts';

const manager = ['klantportaal:beheerder'];
const anybody = ['klantportaal:beheerder', 'klantportaal:medewerker'];

export const careflexPortals: Portal[] = [
  {
    id: 'klantenportaal',
    realm: 'careflex',
    name: 'Klantenportaal',
    owner: 'Careflex',
    notices: ['U heeft de gebruikersnaam nodig die u per e-mail heeft gekregen.'],
    intro: 'Voor klanten: uw projecten, facturen en contactpersonen.',
    secret: 'demo-secret-klantenportaal-not-for-production',
    userMenu: true,
    menu: [
      { id: 'organisatie', label: 'Mijn organisatie', roles: anybody, text: 'Gegevens van uw organisatie, zoals wij die kennen.' },
      { id: 'contactpersonen', label: 'Mijn contactpersonen', roles: manager, text: 'Contactpersonen van uw organisatie.' },
      { id: 'facturen', label: 'Facturen', roles: manager, text: 'Facturen van uw organisatie.' },
      { id: 'projecten', label: 'Projecten', roles: anybody, text: 'Projecten van uw organisatie.' },
    ],
  },
];
