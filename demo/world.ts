import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './settings.ts';

/** What the simulator knows of somebody's eHerkenning means. */
export type Means = {
  broker: string;
  /** e-mail address */
  username: string;
  password: string;
  /** AuthnContextClassRef, e.g. `urn:etoegang:core:assurance-class:loa3` */
  level: string;
  phone: string;
  given_name: string;
  family_name: string;
  /** for a means of an organisation that the realm does not know */
  organisation?: { name: string; identifiers: Record<string, string> };
};

export type WorldPerson = {
  id: string;
  /** the rows of the manuals that this person is there for */
  shows: string;
  organisation_id: string | null;
  /** absent: never logged in yet */
  account?: Record<string, string | boolean | null>;
  membership?: { id: string; tier: string; status: string; roles: Record<string, string[]> };
  /** what the broker calls this person */
  identity?: { broker: string; pseudonym: string };
  means?: Means;
  login: Record<string, string>;
  /** of the authenticator app that is set up, base32 */
  totp_secret?: string;
  /** telephone that is set up for codes */
  sms?: string;
  recovery_codes?: string[];
};

export type WorldOrganisation = { id: string; name: string; identifiers: Record<string, string>; agreements: string[]; entitlements: { application: string; roles: string[] }[] };

export type WorldRealm = { id: string; organisations: WorldOrganisation[]; people: WorldPerson[] };

export type World = { realms: WorldRealm[] };

/** Reads the people and organisations of the demo world (db/demo/world.json). */
export function readWorld(): World {
  return JSON.parse(readFileSync(join(root, 'db/demo/world.json'), 'utf8')) as World;
}
