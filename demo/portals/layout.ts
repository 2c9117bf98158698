import { html } from '../html.ts';
import type { Html } from '../html.ts';
import type { User } from './claims.ts';
import type { Portal } from './portals.ts';
import { menuFor } from './portals.ts';
import { sideFooter, sideMenu } from './side.ts';
import { idle, warnBefore } from './sessions.ts';
import { userMenu } from './user-menu.ts';

export type Site = {
  portal: Portal;
  base: string;
  /** where all portals are */
  root: string;
  /** of the realm at Sluis */
  issuer: string;
  adminUrl: string | undefined;
};

type Options = {
  /** id of the menu item that this page is */
  current?: string;
  /** false: a page about the session's end, which warns by itself */
  watched?: boolean;
};

/** A page of one portal. For who is logged in it watches the time without activity (seed row IB-9). */
export function layout(site: Site, user: User | undefined, title: string, body: Html, { current = 'dashboard', watched = true }: Options = {}): string {
  const { portal, base, adminUrl } = site;
  const watch = user && watched;
  return html`${head(title === portal.name ? title : `${title} - ${portal.name}`, watch && noScript(portal, current))}
<body class="${portal.id}"><a class="skip" href="#inhoud">Naar de inhoud</a>
<header>${portal.test && testMark}<p class="name"><a href="${base}/">${portal.name}</a></p><p class="owner">${portal.owner}</p>
${user && portal.userMenu && userMenu(site, user)}
${user && !portal.home && !portal.userMenu && html`<form method="post" action="${base}/logout"><button data-logout>Uitloggen</button></form>`}</header>
${user && html`<nav class="bar" aria-label="Menu"><ul><li><a href="${base}/dashboard" ${current === 'dashboard' && html`aria-current="page"`}>${portal.home ? 'Home' : 'Dashboard'}</a></li>
${menuFor(portal, user.roles).map((item) => html`<li><a data-menu="${item.id}" href="${base}/${item.id}" ${item.id === current && html`aria-current="page"`}>${item.label}</a></li>`)}
${adminUrl && html`<li><a href="${adminUrl}">Gebruikersbeheer</a></li>`}</ul></nav>`}
<div class="${user && portal.home ? 'columns' : 'column'}"><main id="inhoud" tabindex="-1">${body}</main>
${user && portal.home && sideMenu(site, user, current)}</div>
${watch && dialog(portal, current)}
<footer>${sideFooter(site)}<p>Demoportaal: alle namen en nummers zijn verzonnen.</p></footer></body></html>`.text;
}

/** The list of portals, for who opens the address without one (page A01). */
export function listPage(portals: Portal[], base: string): string {
  return html`${head('Inloggen op de portalen')}<body><header><p class="name">Demowereld</p></header>
<main><h1>Inloggen op de portalen</h1><ul class="cards">${portals.map((portal) => html`<li ${portal.test && html`class="test"`}><a href="${base}/${portal.id}/">${portal.name}</a><p>${portal.owner}</p></li>`)}</ul></main></body></html>`.text;
}

const testMark = html`<p class="test" data-test-environment>Testomgeving. Gebruik hier geen echte gegevens.</p>`;

export function head(title: string, more?: Html | false): Html {
  return html`<!doctype html>
<html lang="nl"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title><link rel="stylesheet" href="/assets/portals.css"><script src="/assets/idle.js" defer></script>${more}</head>
`;
}

/** Without script the page itself leaves for the warning. */
function noScript(portal: Portal, current: string): Html {
  return html`<noscript><meta http-equiv="refresh" content="${idle - warnBefore}; url=/${portal.id}/warning?from=${current}"></noscript>`;
}

/** With script: the warning over the page (assets/idle.js). Its buttons are forms: they also work when the script's own call fails. */
function dialog(portal: Portal, current: string): Html {
  return html`<dialog role="alertdialog" aria-labelledby="idle-title" aria-describedby="idle-text" data-idle="/${portal.id}" data-ends-in="${idle}" data-warn-before="${warnBefore}">
<h2 id="idle-title">U wordt zo uitgelogd</h2>
<p id="idle-text">U heeft een tijd niets gedaan. Over <span data-left>2 minuten</span> wordt u uitgelogd. Wilt u verder werken?</p>
<div class="buttons">${stayForm(portal, current)}<form method="post" action="/${portal.id}/logout"><button class="plain">Uitloggen</button></form></div>
<p class="unseen" role="status" data-say></p></dialog>`;
}

/** The one button that keeps a session: here and at Sluis. */
export function stayForm(portal: Portal, from: string): Html {
  return html`<form method="post" action="/${portal.id}/stay"><input type="hidden" name="from" value="${from}"><button data-stay>Blijf ingelogd</button></form>`;
}
