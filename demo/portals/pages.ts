import { html } from '../html.ts';
import { accountsOf } from './account-choice.ts';
import { greeting } from './claims.ts';
import type { Account, User } from './claims.ts';
import { claimsView, factsView } from './facts.ts';
import type { Site } from './layout.ts';
import { layout, stayForm } from './layout.ts';
import type { MenuItem } from './portals.ts';
import { menuFor } from './portals.ts';
import { manualLink, manualsOf } from './side.ts';
import type { Ending } from './sessions.ts';
import { idle } from './sessions.ts';

/** The page before login: what one needs, and the button (page A01). */
export function startPage(site: Site, user: User | undefined): string {
  const { portal, base } = site;
  return layout(site, user, portal.name, html`<h1>Inloggen op ${portal.name}</h1>
    <p class="intro">${portal.intro}</p>
    <section class="notice" aria-labelledby="needed"><h2 id="needed">Let op</h2><ul>${portal.notices.map((text) => html`<li>${text}</li>`)}</ul></section>
    <p>${user ? html`<a class="button" href="${base}/dashboard">Naar het dashboard</a>` : html`<a class="button" href="${base}/login">Log in op het portaal</a>`}</p>
    ${portal.trouble && html`<p>${portal.trouble} <a data-trouble href="${site.issuer}/help?portal=${portal.id}">Problemen met inloggen</a></p>`}
    ${portal.home && html`<h2>Handleidingen</h2><ul>${manualsOf(site).map((manual) => html`<li>${manualLink(site, manual)}</li>`)}</ul>`}
    <p class="small"><a href="${base}/login?ui_locales=en" lang="en" hreflang="en">Log in in English</a></p>`);
}

/** The first page after login. */
export function dashboardPage(site: Site, user: User, account?: Account): string {
  const { base, portal } = site;
  const menu = menuFor(portal, user.roles);
  return layout(site, user, 'Dashboard', html`<h1>${greeting(new Date())}${user.name && `, ${user.name}`}</h1>
    ${factsView(user, account)}
    ${accountsOf(site, user).length > 1 && html`<p><a data-choose-account href="${base}/account">Een ander account kiezen</a></p>`}
    ${site.adminUrl && portal.menu.length === 0 && html`<p>Welkom, ${user.name} van ${user.organisation?.name ?? ''}.</p><p><a class="button" data-users href="${site.adminUrl}">Ga naar gebruikers</a></p>`}
    ${portal.menu.length > 0 && html`<h2>Wat kunt u hier doen?</h2>`}
    ${portal.menu.length === 0 ? '' : menu.length === 0 ? html`<p data-empty>U heeft nog geen rol op dit portaal. Vraag uw gebruikersbeheerder om een rol.</p>`
    : html`<ul class="cards">${menu.map((item) => html`<li><a href="${base}/${item.id}">${item.label}</a><p>${item.text}</p></li>`)}</ul>`}
    ${claimsView(user)}`);
}

/** A page of the menu. What it does is the portal's; the right to see it came from Sluis. */
export function itemPage(site: Site, user: User, item: MenuItem): string {
  return layout(site, user, item.label, html`<h1>${item.label}</h1><p data-page="${item.id}">${item.text}</p>
    <p class="small">Dit is een voorbeeldpagina van de demowereld.</p>`, { current: item.id });
}

export function forbiddenPage(site: Site, user: User, item: MenuItem): string {
  return layout(site, user, 'Geen toegang', html`<h1>U heeft geen toegang tot deze pagina</h1>
    <p data-end="forbidden">Voor '${item.label}' heeft u een andere rol nodig. Vraag uw gebruikersbeheerder om die rol.</p>
    <p><a class="button" href="${site.base}/dashboard">Naar het dashboard</a></p>`);
}

/** Login did not succeed: what Sluis answered, and the way to try again. */
export function errorPage(site: Site, error: { code: string; description: string }): string {
  return layout(site, undefined, 'Inloggen is niet gelukt', html`<h1>Inloggen is niet gelukt</h1>
    <p data-end="${error.code}">${explain(error.code)}</p>
    <dl class="facts"><dt>Foutcode</dt><dd>${error.code}</dd>${error.description && html`<dt>Toelichting</dt><dd>${error.description}</dd>`}</dl>
    <p><a class="button" href="${site.base}/login">Opnieuw inloggen</a></p>`);
}

function explain(code: string): string {
  if (code === 'access_denied') return 'U bent niet ingelogd: het inloggen is geannuleerd of geweigerd.';
  if (code === 'login_required' || code === 'interaction_required') return 'U bent nog niet ingelogd.';
  if (code === 'unmet_authentication_requirements') return 'U bent niet ingelogd op het niveau dat dit portaal vraagt.';
  if (code === 'unknown_login') return 'Dit antwoord hoort niet bij een inlogpoging van deze browser, of is al gebruikt.';
  if (code === 'unreachable') return 'De inlogdienst is niet bereikbaar. Probeer het over een paar minuten opnieuw.';
  return 'De inlogdienst heeft een fout gemeld.';
}

export function missingPage(site: Site, user: User | undefined): string {
  return layout(site, user, 'Pagina niet gevonden', html`<h1>Deze pagina bestaat niet</h1><p><a class="button" href="${site.base}/">Naar het begin</a></p>`);
}

/** For who works without script: the last two minutes, or how long it still lasts when another window was used. */
export function warningPage(site: Site, user: User, endsAt: Date, from: string): string {
  return layout(site, user, 'U wordt zo uitgelogd', html`<h1>U wordt zo uitgelogd</h1>
    <p data-end="idle-warning">U heeft in dit venster een tijd niets gedaan. Om <strong>${clockTime(endsAt)}</strong> wordt u uitgelogd. Wilt u verder werken?</p>
    ${stayForm(site.portal, from)}`, { current: '', watched: false });
}

/** After the end. Nothing of the person is left on it. */
export function loggedOutPage(site: Site, why: Ending | undefined): string {
  return layout(site, undefined, 'U bent uitgelogd', html`<h1>U bent uitgelogd</h1>
    <p data-end="${why ?? 'logged-out'}">${whyEnded(why)}</p>
    ${why === 'refused' && site.portal.hours && html`<p>${site.portal.hours}</p>`}
    <p><a class="button" href="${site.base}/login">Opnieuw inloggen</a></p>`);
}

function whyEnded(why: Ending | undefined): string {
  if (why === 'idle') return `U bent uitgelogd omdat u ${idle / 60} minuten niets heeft gedaan.`;
  if (why === 'elsewhere') return 'Uw inlogsessie is afgelopen. Dat gebeurt als u bij een ander portaal uitlogt, of als u nergens meer actief was.';
  if (why === 'refused') return 'De inlogdienst laat u niet meer toe op dit portaal. Uw sessie is afgelopen, of uw rechten zijn veranderd.';
  return 'U bent niet meer ingelogd op dit portaal.';
}

function clockTime(at: Date): string {
  return new Intl.DateTimeFormat('nl-NL', { hour: '2-digit', minute: '2-digit', timeZone: 'Europe/Amsterdam' }).format(at);
}
