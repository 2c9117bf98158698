import type { Html } from '../html.ts';
import { html } from '../html.ts';
import type { Account, User } from './claims.ts';
import { levelLabel, numberLabel } from './claims.ts';

/** For whom somebody is logged in, how surely, and under which number they work in this application. */
export function factsView(user: User, account?: Account): Html {
  return html`<dl class="facts"><dt>Organisatie</dt><dd data-organisation>${user.organisation?.name ?? 'onbekend'}</dd>
    ${Object.entries(user.organisation?.identifiers ?? {}).map(([type, value]) => html`<dt>${numberLabel(type)}</dt><dd>${value}</dd>`)}
    ${account && html`<dt>U werkt voor</dt><dd data-account-chosen="${account.value}">${numberLabel(account.type)} ${account.value}</dd>`}
    <dt>Ingelogd met</dt><dd data-level="${user.acr}">${levelLabel(user.acr)}</dd></dl>`;
}

export function claimsView(user: User): Html {
  return html`<details><summary>Voor ontwikkelaars: claims in het token</summary><pre data-claims tabindex="0" role="region" aria-label="Claims">${JSON.stringify(user.all, null, 2)}</pre></details>`;
}
