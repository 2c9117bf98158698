import type { Portal } from './portals/portals.ts';
import type { Settings } from './settings.ts';
import type { World } from './world.ts';

/** The one table that `npm start` prints: where to go and as whom. */
export function worldTable(settings: Settings, world: World, portals: Portal[]): string {
  const addresses = [
    ...portals.map((portal) => [portal.name, `${settings.portalsUrl}/${portal.id}/`]),
    ['CAK, its public site', `${settings.portalsUrl}/cak/`],
    ['Gebruikersbeheer', `${settings.sluisUrl}/inlichtingenbureau/admin/`],
    ['Gebruikersbeheer Portero', `${settings.sluisUrl}/ciz/admin/`],
    ['Outbox (mail, SMS codes)', `${settings.sluisUrl}/demo/outbox`],
    ['Simulator of the brokers', `${settings.simulatorUrl}/`],
    ['This world as JSON', `${settings.portalsUrl}/world.json`],
  ];
  const people = world.realms.flatMap((realm) => realm.people.map(({ id, login, shows }) => [
    id, login['broker'] ?? login['relation_number'] ?? '', login['username'] ?? '', login['password'] ?? '', shows,
  ]));
  const head = ['person', 'broker / relation', 'username', 'password', 'shows'];
  return `\n${columns(addresses)}\n\n${columns([head, ...people])}\n`;
}

function columns(rows: string[][]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd()}`).join('\n');
}
