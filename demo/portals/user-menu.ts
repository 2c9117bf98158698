import type { Html } from '../html.ts';
import { html } from '../html.ts';
import type { User } from './claims.ts';
import type { Site } from './layout.ts';

/**
 * The menu under one's name (page B13, row CFX-3): a list that opens, without a script. What is about the account is at Sluis;
 * for another organisation Sluis is asked for a new login, which asks for the organisation only.
 */
export function userMenu({ portal, base, issuer }: Site, user: User): Html {
  const organisation = portal.menu.some(({ id }) => id === 'organisatie') ? 'organisatie' : 'dashboard';
  return html`<p class="acting">U werkt voor <bdi data-acting-for>${user.organisation?.name ?? 'geen organisatie'}</bdi></p>
<details class="user" data-user-menu><summary>${user.name || 'Uw account'}</summary>
<nav aria-label="Uw account"><ul>
<li><a data-user="details" href="${issuer}/account/details">Persoonlijke gegevens</a></li>
<li><a data-user="organisation" href="${base}/${organisation}">Organisatiegegevens</a></li>
<li><a data-user="account" href="${issuer}/account/">Accountbeveiliging</a></li>
<li><a data-user="choose" href="${base}/login?prompt=select_account">Organisatie kiezen</a></li>
<li><form method="post" action="${base}/logout"><button class="link" data-logout>Uitloggen</button></form></li>
</ul></nav></details>`;
}
