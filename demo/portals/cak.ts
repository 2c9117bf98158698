import type { Portal } from './portals.ts';

/** An application of a portal: what its introduction page says of it (seed row CAK-11). */
export type Application = {
  id: string;
  name: string;
  /** any of these roles opens it */
  roles: string[];
  /** where it is: a page of this portal, or a portal of its own */
  at: { page: string } | { portal: string };
  about: string;
  can: string[];
  /** when it can be used, as its operator says it; absent: always */
  hours?: string;
  /** id of its manual */
  manual: string;
};

/** A portal whose home has a side menu: account, manuals, applications (rows CAK-10, CAK-11, CAK-15). */
export type Home = {
  welcome: string[];
  applications: Application[];
  /** pages of the person's account at Sluis: the end of their address, and what they are called here */
  account: { page: string; label: string }[];
  /** ids of the manuals in its side menu */
  manuals: string[];
  desk: { name: string; phone: string; email: string; hours: string };
};

const hours = 'Porta is voor u beschikbaar op werkdagen van 07.30 uur – 19.00 uur.';
const userOf = (application: string): string[] => [`${application}:gebruiker`];

const applications: Application[] = [
  {
    id: 'porta', name: 'Porta', roles: userOf('porta'), at: { portal: 'porta' }, manual: 'porta', hours,
    about: 'Als ketenpartner kunt u gegevensbestanden met het CAK uitwisselen via de applicatie Porta.',
    can: ['Een bestand naar ons opsturen', 'Een bestand ophalen dat wij voor u op Porta hebben geplaatst'],
  },
  {
    id: 'bestanden', name: 'Bestanden', roles: userOf('bestanden'), at: { page: 'bestanden' }, manual: 'bestanden',
    about: 'Hier vindt u de bestanden die het CAK voor uw organisatie heeft gemaakt.',
    can: ['Een overzicht bekijken', 'Een bestand downloaden'],
  },
  {
    id: 'vrijstellingen-2019', name: 'Vrijstellingen 2019', roles: userOf('vrijstellingen-2019'), at: { page: 'vrijstellingen' }, manual: 'vrijstellingen-2019',
    about: 'Hier geeft u door welke cliënten in 2019 geen eigen bijdrage betalen.',
    can: ['Een vrijstelling doorgeven', 'Doorgegeven vrijstellingen bekijken'],
  },
  {
    id: 'wmo-abonnementstarief', name: 'Wmo abonnementstarief', roles: userOf('wmo-abonnementstarief'), at: { page: 'wmo-abonnementstarief' }, manual: 'wmo-abonnementstarief',
    about: 'Hier levert u gegevens aan voor het abonnementstarief van de Wmo.',
    can: ['Start- en stopberichten sturen', 'Antwoorden bekijken'],
  },
];

export const cakPortals: Portal[] = [
  {
    id: 'mijn-cak-zakelijk',
    realm: 'cak',
    name: 'Mijn CAK Zakelijk',
    owner: 'Ketenpartners',
    notices: ['U heeft uw relatienummer, gebruikersnaam en wachtwoord nodig.'],
    intro: 'Beveiligde, persoonlijke internetpagina voor ketenpartners.',
    secret: 'demo-secret-mijn-cak-zakelijk-not-for-production',
    menu: [
      { id: 'bestanden', label: 'Bestanden', roles: userOf('bestanden'), text: 'Bestanden uitwisselen.' },
      { id: 'vrijstellingen', label: 'Vrijstellingen 2019', roles: userOf('vrijstellingen-2019'), text: 'Vrijstellingen 2019.' },
      { id: 'wmo-abonnementstarief', label: 'Wmo abonnementstarief', roles: userOf('wmo-abonnementstarief'), text: 'Wmo abonnementstarief.' },
    ],
    home: {
      welcome: ['Welkom op Mijn CAK Zakelijk. Hier wisselt u veilig gegevens uit met het CAK.', 'Kies onder ‘Uw applicaties’ de applicatie die u wilt gebruiken.'],
      applications,
      account: [
        { page: 'password', label: 'Wachtwoord wijzigen' },
        { page: 'questions', label: 'Geheime vragen wijzigen' },
        { page: 'two-step', label: 'Wijzigen twee-staps verificatie' },
      ],
      manuals: ['mijn-cak-zakelijk', 'two-step'],
      desk: { name: 'Servicedesk Zakelijk van het CAK', phone: '070 000 00 00', email: 'zakelijk@cak.example', hours: 'werkdagen 8.30 – 17.00 uur' },
    },
  },
  {
    id: 'porta',
    realm: 'cak',
    name: 'Porta',
    owner: 'Bestanden uitwisselen met het CAK',
    notices: [hours],
    intro: 'Als ketenpartner kunt u gegevensbestanden met het CAK uitwisselen via de applicatie Porta.',
    secret: 'demo-secret-porta-not-for-production',
    hours,
    accountsOf: 'porta',
    menu: [
      { id: 'opsturen', label: 'Bestand opsturen', roles: userOf('porta'), text: 'Een bestand naar ons opsturen.' },
      { id: 'ophalen', label: 'Bestand ophalen', roles: userOf('porta'), text: 'Een bestand ophalen dat wij voor u op Porta hebben geplaatst.' },
    ],
  },
];
