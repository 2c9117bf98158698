import type { Portal } from './portals.ts';

/** The two portals of the manual of Portero: one name and one password for both (row CIZ-6). */
export const cizPortals: Portal[] = [
  {
    id: 'aanvraag',
    realm: 'ciz',
    name: 'Portero',
    owner: 'Aanvragen bij het CIZ',
    notices: ['U heeft een gebruikersnaam en een wachtwoord nodig. Die krijgt u van uw organisatiebeheerder.'],
    intro: 'Voor het indienen van aanvragen bij het CIZ.',
    trouble: 'Lukt het inloggen niet?',
    secret: 'demo-secret-aanvraag-not-for-production',
    menu: [
      { id: 'aanvraag-indienen', label: 'Aanvraag indienen', roles: ['portero:gebruiker'], text: 'Een aanvraag indienen.' },
      { id: 'aanvragen', label: 'Aanvragen', roles: ['portero:gebruiker'], text: 'Ingediende aanvragen bekijken.' },
    ],
  },
  {
    id: 'aanvraag-beheer',
    realm: 'ciz',
    name: 'Gebruikersbeheer Portero',
    owner: 'Voor organisatiebeheerders',
    notices: ['Alleen voor organisatiebeheerders. U logt in met dezelfde gebruikersnaam en hetzelfde wachtwoord als op Portero.'],
    intro: 'In de gebruikersbeheermodule maakt en beheert u gebruikers die voor uw organisatie toegang hebben tot Portero van het CIZ.',
    trouble: 'Beschikt u niet over uw inloggegevens, of lukt het inloggen niet? Neem contact op met Contractbeheer CIZ. Hier leest u hoe, en wat u in de e-mail zet:',
    secret: 'demo-secret-aanvraag-beheer-not-for-production',
    admin: true,
    menu: [],
  },
];
