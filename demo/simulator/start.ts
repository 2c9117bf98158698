import { html } from '../html.ts';
import type { World } from '../world.ts';
import { brokers } from './brokers.ts';
import { label } from './levels.ts';

/** What the simulator plays and with which means one can log in. */
export function startPage(world: World): string {
  const people = world.realms.flatMap((realm) => realm.people).filter((person) => person.means);
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Simulator</title>
<link rel="stylesheet" href="/assets/simulator.css"></head><body><header><p class="broker">Simulator</p></header>
<main><h1>Six eHerkenning brokers for the demo world</h1>
<p>Nobody starts here: a portal sends you to Sluis, and Sluis to the broker that you choose. These means work:</p>
<table><thead><tr><th scope="col">Person</th><th scope="col">Broker</th><th scope="col">Level</th><th scope="col">Username and password</th></tr></thead><tbody>
${people.map((p) => html`<tr><th scope="row">${p.id}</th><td>${brokers[p.means?.broker ?? '']}</td><td>${label(p.means?.level ?? '')}</td>
<td>${p.means?.username}<br>${p.means?.password}</td></tr>`)}
</tbody></table><p>Codes by SMS and voice are in the outbox of Sluis, and <a href="/outbox">here</a>.</p></main></body></html>`.text;
}
