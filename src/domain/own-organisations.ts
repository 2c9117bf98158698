import type { Realm } from '../config/schema.ts';
import type { MembershipState, OrganisationState } from '../flow/facts.ts';
import type { Db } from '../store/schema.ts';
import { listStandings } from '../store/standings.ts';
import { organisationState } from './state.ts';
import { rolesThatCount } from './roles.ts';

/** An organisation of somebody and their place in it, as `loadState` gives them of the one in view. */
export type OwnOrganisation = { organisation: OrganisationState; membership: MembershipState };

/** Every organisation in which somebody has an active membership, by name as its reader sorts names. */
export async function ownOrganisations(db: Db, realm: Realm, accountId: string, language: string): Promise<OwnOrganisation[]> {
  const order = new Intl.Collator(language, { sensitivity: 'base', numeric: true });
  return [...await listStandings(db, accountId)].flatMap(([id, standing]) => (standing.membership === undefined ? [] : [{
    organisation: organisationState(realm, id, standing),
    membership: { ...standing.membership, roles: rolesThatCount(realm, standing) },
  }])).toSorted((a, b) => order.compare(a.organisation.name, b.organisation.name) || (a.organisation.id < b.organisation.id ? -1 : 1));
}
