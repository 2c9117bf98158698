import { html } from '../html.ts';
import type { Application } from './cak.ts';
import type { User } from './claims.ts';
import { greeting } from './claims.ts';
import { claimsView, factsView } from './facts.ts';
import type { Site } from './layout.ts';
import { layout } from './layout.ts';
import type { Manual } from './manuals.ts';
import { manuals } from './manuals.ts';
import { mayOpen } from './portals.ts';
import { manualLink } from './side.ts';

/** The first page after login at a portal with a side menu (page B12). */
export function homePage(site: Site, user: User): string {
  const { home } = site.portal;
  return layout(site, user, 'Home', html`<h1 data-greeting>${greeting(new Date())}</h1>
    ${home?.welcome.map((text) => html`<p>${text}</p>`)}
    ${factsView(user)}
    <h2>Meer informatie?</h2>
    <p>Heeft u vragen over ${site.portal.name}? Bel of mail de ${home?.desk.name}: ${home?.desk.phone} of <a href="mailto:${home?.desk.email}">${home?.desk.email}</a>.</p>
    ${claimsView(user)}`);
}

/** What an application is for, the way to it at the top and its manual at the bottom (page B11, row CAK-11). */
export function introductionPage(site: Site, user: User, application: Application): string {
  const { id, name, at, hours, manual, about, can } = application;
  const address = 'portal' in at ? `${site.root}/${at.portal}/login` : `${site.base}/${at.page}`;
  return layout(site, user, name, html`<h1 data-introduction="${id}">${name}</h1>
    <section aria-labelledby="go"><h2 id="go">Ga naar de applicatie</h2>
    ${!mayOpen(application, user.roles) && html`<p class="notice" data-unavailable>U kunt ${name} nu niet gebruiken: de applicatie is gesloten, of u heeft er geen rol voor.</p>`}
    <p><a class="button" data-go="${id}" href="${address}">Ga naar applicatie</a></p></section>
    <p>${about}</p>
    <p>Met ${name} kunt u:</p><ul>${can.map((text) => html`<li>${text}</li>`)}</ul>
    ${hours && html`<p data-hours>${hours}</p>`}
    <h2>Handleiding</h2><ul>${manuals.filter((one) => one.id === manual).map((one) => html`<li>${manualLink(site, one)}</li>`)}</ul>`, { current: `applications/${id}` });
}

/** A manual; also for who is not logged in (row CAK-15). */
export function manualPage(site: Site, user: User | undefined, { id, title, chapters }: Manual): string {
  return layout(site, user, `Handleiding ${title}`, html`<article data-manual-page="${id}"><h1>Handleiding ${title}</h1>
    ${chapters.map((chapter, index) => html`<h2>${index + 1}. ${chapter.title}</h2>${chapter.text.map((text) => html`<p>${text}</p>`)}
    ${chapter.steps && html`<ul>${chapter.steps.map((step) => html`<li>${step}</li>`)}</ul>`}`)}</article>
    ${!user && html`<p><a class="button" href="${site.base}/login">Naar het inloggen</a></p>`}`, { current: `manuals/${id}` });
}
