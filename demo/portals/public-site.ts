import { html } from '../html.ts';
import { head } from './layout.ts';

/** The public site of realm cak, which is no portal: from here, or by the direct link, people come to the login (row CAK-14). */
export function publicSite(portalsUrl: string): string {
  const login = `${portalsUrl}/mijn-cak-zakelijk/login`;
  return html`${head('CAK voor ketenpartners')}<body class="mijn-cak-zakelijk"><header><p class="name">CAK voor ketenpartners</p>
<a class="button" data-portal-button href="${login}">Inloggen</a></header>
<main><h1>Samenwerken met het CAK</h1>
<p>Werkt u in de zorg en wisselt u gegevens met ons uit? Dat doet u op Mijn CAK Zakelijk.</p>
<h2>Inloggen op Mijn CAK Zakelijk</h2>
<p>Kies bovenaan deze pagina voor ‘Inloggen’. U kunt ook de directe link gebruiken: <a data-direct-link href="${login}">${login}</a>.</p>
<h2>Nog geen account?</h2>
<p>Vraag een account aan met het aanvraagformulier Mijn CAK Zakelijk. Lees hoe het werkt in de <a href="${portalsUrl}/mijn-cak-zakelijk/manuals/mijn-cak-zakelijk">handleiding</a>.</p></main>
<footer><p>Demowereld: alle namen en nummers zijn verzonnen.</p></footer></body></html>`.text;
}
