import { html } from '../html.ts';
import type { Html } from '../html.ts';
import { greeting, levelLabel, numberLabel } from './claims.ts';
import type { User } from './claims.ts';
import type { MenuItem, Portal } from './portals.ts';
import { menuFor } from './portals.ts';

export type Site = { portal: Portal; base: string; adminUrl: string | undefined };

/** The page before login: what one needs, and the button (page A01). */
export function startPage(site: Site, user: User | undefined): string {
  const { portal, base } = site;
  return layout(site, user, portal.name, html`<h1>Inloggen op ${portal.name}</h1>
    <p class="intro">${portal.intro}</p>
    <section class="notice" aria-labelledby="needed"><h2 id="needed">Let op</h2><ul>${portal.notices.map((text) => html`<li>${text}</li>`)}</ul></section>
    <p>${user ? html`<a class="button" href="${base}/dashboard">Naar het dashboard</a>` : html`<a class="button" href="${base}/login">Log in op het portaal</a>`}</p>
    <p class="small"><a href="${base}/login?ui_locales=en" lang="en" hreflang="en">Log in in English</a></p>`);
}

/** The first page after login. */
export function dashboardPage(site: Site, user: User): string {
  const { base, portal } = site;
  const menu = menuFor(portal, user.roles);
  return layout(site, user, 'Dashboard', html`<h1>${greeting(new Date())}${user.name && `, ${user.name}`}</h1>
    <dl class="facts"><dt>Organisatie</dt><dd data-organisation>${user.organisation?.name ?? 'onbekend'}</dd>
      ${Object.entries(user.organisation?.identifiers ?? {}).map(([type, value]) => html`<dt>${numberLabel(type)}</dt><dd>${value}</dd>`)}
      <dt>Ingelogd met</dt><dd data-level="${user.acr}">${levelLabel(user.acr)}</dd></dl>
    <h2>Wat kunt u hier doen?</h2>
    ${menu.length === 0 ? html`<p data-empty>U heeft nog geen rol op dit portaal. Vraag uw gebruikersbeheerder om een rol.</p>`
    : html`<ul class="cards">${menu.map((item) => html`<li><a href="${base}/${item.id}">${item.label}</a><p>${item.text}</p></li>`)}</ul>`}
    <details><summary>Voor ontwikkelaars: claims in het token</summary><pre data-claims tabindex="0" role="region" aria-label="Claims">${JSON.stringify(user.all, null, 2)}</pre></details>`);
}

/** A page of the menu. What it does is the portal's; the right to see it came from Sluis. */
export function itemPage(site: Site, user: User, item: MenuItem): string {
  return layout(site, user, item.label, html`<h1>${item.label}</h1><p data-page="${item.id}">${item.text}</p>
    <p class="small">Dit is een voorbeeldpagina van de demowereld.</p>`, item.id);
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

function layout(site: Site, user: User | undefined, title: string, body: Html, current = ''): string {
  const { portal, base, adminUrl } = site;
  return html`<!doctype html>
<html lang="nl"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title === portal.name ? title : `${title} - ${portal.name}`}</title><link rel="stylesheet" href="/assets/portals.css"></head>
<body class="${portal.id}"><a class="skip" href="#inhoud">Naar de inhoud</a>
<header><p class="name"><a href="${base}/">${portal.name}</a></p><p class="owner">${portal.owner}</p>
${user && html`<form method="post" action="${base}/logout"><button data-logout>Uitloggen</button></form>`}</header>
${user && html`<nav aria-label="Menu"><ul><li><a href="${base}/dashboard">Dashboard</a></li>
${menuFor(portal, user.roles).map((item) => html`<li><a data-menu="${item.id}" href="${base}/${item.id}" ${item.id === current && html`aria-current="page"`}>${item.label}</a></li>`)}
${adminUrl && html`<li><a href="${adminUrl}">Gebruikersbeheer</a></li>`}</ul></nav>`}
<main id="inhoud" tabindex="-1">${body}</main>
<footer><p>Demoportaal: alle namen en nummers zijn verzonnen.</p></footer></body></html>`.text;
}

/** The list of portals, for who opens the address without one. */
export function listPage(portals: Portal[], base: string): string {
  return html`<!doctype html>
<html lang="nl"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Inloggen op de portalen</title>
<link rel="stylesheet" href="/assets/portals.css"></head><body><header><p class="name">Demowereld</p></header>
<main><h1>Inloggen op de portalen</h1><ul class="cards">${portals.map((portal) => html`<li><a href="${base}/${portal.id}/">${portal.name}</a><p>${portal.owner}</p></li>`)}</ul></main></body></html>`.text;
}
