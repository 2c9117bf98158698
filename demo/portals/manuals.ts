/** A manual that everybody may read, logged in or not (seed row CAK-15). */
export type Manual = { id: string; title: string; chapters: { title: string; text: string[]; steps?: string[] }[] };

/** The manuals of Mijn CAK Zakelijk: two of the portal, and one of each application. */
export const manuals: Manual[] = [
  {
    id: 'mijn-cak-zakelijk',
    title: 'Mijn CAK Zakelijk',
    chapters: [
      { title: 'Uw wachtwoord', text: ['Een wachtwoord is zes maanden geldig. U krijgt 30 dagen van tevoren bericht. U wijzigt het onder ‘Uw account’, bij ‘Wachtwoord wijzigen’.'],
        steps: ['Ten minste 12 tekens', 'Uw gebruikersnaam zit er niet in', 'Niet een van uw laatste 12 wachtwoorden', 'Ten minste 3 van deze 4: kleine letters, hoofdletters, cijfers, leestekens'] },
      { title: 'Inloggen', text: ['U heeft uw relatienummer, uw gebruikersnaam en uw wachtwoord nodig. Ga naar onze website en kies ‘Inloggen’, of gebruik de directe link.',
        'Logt u voor het eerst in? Dan kiest u eerst een nieuw wachtwoord. Daarna vult u de activatiecode in uit de brief of e-mail.'] },
      { title: 'Twee-staps verificatie', text: ['U logt in met uw wachtwoord en met een code. Dat is veiliger. In de handleiding ‘Twee-staps verificatie’ leest u hoe u dit instelt.'] },
      { title: 'De pagina', text: ['Links vindt u uw account, de handleidingen en uw applicaties. Bovenin staan de onderdelen waarvoor u rechten heeft.'] },
      { title: 'Aan de slag', text: ['Kies onder ‘Uw applicaties’ een applicatie. U leest dan eerst wat u ermee kunt. Bovenaan staat de knop ‘Ga naar de applicatie’, onderaan de handleiding.'] },
    ],
  },
  {
    id: 'two-step',
    title: 'Twee-staps verificatie',
    chapters: [
      { title: 'Wat is het?', text: ['U logt in met uw wachtwoord en daarna met een code van 6 cijfers. De code komt uit een app op uw telefoon, of in een sms.'] },
      { title: 'Instellen met een app', text: ['U heeft een authenticator-app nodig. U kunt zelf kiezen welke.'],
        steps: ['Log in met uw relatienummer, gebruikersnaam en wachtwoord', 'Kies ‘Authenticator-app’', 'Scan de QR-code met de app. Lukt dat niet? Typ dan de sleutel over die eronder staat', 'Vul de code in die de app laat zien'] },
      { title: 'Instellen met sms', text: ['U heeft een mobiele telefoon nodig.'], steps: ['Kies ‘Sms’', 'Vul uw mobiele nummer in', 'Vul de code in die u per sms krijgt'] },
      { title: 'Herstelcodes', text: ['U krijgt een aantal herstelcodes. Bewaar ze op een veilige plek. Met een herstelcode logt u in als u uw telefoon niet heeft. Elke code werkt één keer.'] },
      { title: 'Een andere telefoon', text: ['Kies onder ‘Uw account’ voor ‘Wijzigen twee-staps verificatie’. Heeft u uw oude telefoon en uw herstelcodes niet meer? Bel dan de servicedesk.'] },
    ],
  },
  {
    id: 'porta',
    title: 'Porta',
    chapters: [
      { title: 'Een account kiezen', text: ['Heeft u toegang voor meerdere AGB-codes binnen één applicatie? Dan kunt u in de applicatie het gewenste account selecteren.'] },
      { title: 'Een bestand opsturen', text: ['Kies ‘Bestand opsturen’ en daarna het bestand op uw computer.'] },
      { title: 'Een bestand ophalen', text: ['Kies ‘Bestand ophalen’. U ziet dan welke bestanden voor u klaarstaan.'] },
    ],
  },
  { id: 'bestanden', title: 'Bestanden', chapters: [{ title: 'Een bestand downloaden', text: ['Kies een bestand uit het overzicht en daarna ‘Downloaden’.'] }] },
  { id: 'vrijstellingen-2019', title: 'Vrijstellingen 2019', chapters: [{ title: 'Een vrijstelling doorgeven', text: ['Zoek de cliënt op en kies vanaf welke datum de vrijstelling geldt.'] }] },
  { id: 'wmo-abonnementstarief', title: 'Wmo abonnementstarief', chapters: [{ title: 'Een bericht sturen', text: ['Kies een startbericht of een stopbericht en vul de gegevens van de cliënt in.'] }] },
];
