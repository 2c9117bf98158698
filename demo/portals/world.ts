import type { JWK } from 'jose';
import type { Settings } from '../settings.ts';
import type { World } from '../world.ts';
import type { Portal } from './portals.ts';

/** What `/world.json` tells: the addresses, clients and people of the demo world. */
export function worldDocument(settings: Settings, world: World, portals: Portal[], keys: Map<string, JWK>) {
  return {
    sluis: settings.sluisUrl,
    outbox: `${settings.sluisUrl}/demo/outbox`,
    simulator: settings.simulatorUrl,
    realms: world.realms.map((realm) => ({
      id: realm.id,
      issuer: `${settings.sluisUrl}/${realm.id}`,
      portals: portals.filter((portal) => portal.realm === realm.id).map((portal) => portalEntry(settings, portal, keys.get(portal.id))),
      people: realm.people.map((person) => ({
        id: person.id,
        shows: person.shows,
        organisation: person.means?.organisation?.name ?? realm.organisations.find((o) => o.id === person.organisation_id)?.name ?? null,
        organisation_id: person.organisation_id,
        login: person.login,
        ...(person.totp_secret !== undefined && { totp_secret: person.totp_secret }),
        ...(person.sms !== undefined && { sms: person.sms }),
        ...(person.recovery_codes && { recovery_codes: person.recovery_codes }),
      })),
    })),
  };
}

function portalEntry(settings: Settings, portal: Portal, key: JWK | undefined) {
  const url = `${settings.portalsUrl}/${portal.id}/`;
  const credential = portal.secret === undefined ? { private_jwk: key } : { client_secret: portal.secret };
  return { id: portal.id, url, clients: [{ client_id: portal.id, ...credential, redirect_uris: [`${url}callback`] }] };
}
