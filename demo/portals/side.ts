import type { Html } from '../html.ts';
import { html } from '../html.ts';
import type { Application } from './cak.ts';
import type { User } from './claims.ts';
import type { Site } from './layout.ts';
import type { Manual } from './manuals.ts';
import { manuals } from './manuals.ts';
import { mayOpen } from './portals.ts';

/** The menu beside every page of a portal that has one: account, manuals, applications, for who is logged in (page B12). */
export function sideMenu(site: Site, user: User, current: string): Html {
  const { portal: { home }, issuer, base } = site;
  const here = (page: string): Html | false => page === current && html`aria-current="page"`;
  return html`<div class="side">
<nav aria-labelledby="side-account"><h2 id="side-account">Uw account</h2><ul>${home?.account.map(({ page, label }) => html`<li><a data-account="${page}" href="${issuer}/account/${page}">${label}</a></li>`)}
<li><form method="post" action="${base}/logout"><button class="link" data-logout>Uitloggen</button></form></li></ul></nav>
<nav aria-labelledby="side-applications"><h2 id="side-applications">Uw applicaties</h2><ul>${applicationsFor(site, user).map(({ id, name }) => html`<li><a data-application="${id}" href="${base}/applications/${id}" ${here(`applications/${id}`)}>${name}</a></li>`)}</ul></nav>
<nav aria-labelledby="side-manuals"><h2 id="side-manuals">Handleidingen</h2><ul>${manualsOf(site).map((manual) => html`<li>${manualLink(site, manual, here(`manuals/${manual.id}`))}</li>`)}</ul></nav>
</div>`;
}

/** The applications that somebody is shown: those of their roles, and those with opening hours, whose role is in no token while they are closed. */
export function applicationsFor({ portal }: Pick<Site, 'portal'>, { roles }: Pick<User, 'roles'>): Application[] {
  return (portal.home?.applications ?? []).filter((one) => one.hours !== undefined || mayOpen(one, roles));
}

/** The manuals in the side menu of a portal; on its start page too, for who cannot log in yet. */
export function manualsOf({ portal }: Pick<Site, 'portal'>): Manual[] {
  return (portal.home?.manuals ?? []).flatMap((id) => manuals.filter((manual) => manual.id === id));
}

export function manualLink({ base }: Site, { id, title }: Manual, more: Html | false = false): Html {
  return html`<a data-manual="${id}" href="${base}/manuals/${id}" ${more}>${title}</a>`;
}

export function sideFooter({ portal: { home } }: Site): Html | undefined {
  return home && html`<section aria-labelledby="desk"><h2 id="desk">Vragen over Mijn CAK Zakelijk</h2>
<p>${home.desk.name}: ${home.desk.phone} (${home.desk.hours}), of <a href="mailto:${home.desk.email}">${home.desk.email}</a></p></section>`;
}
