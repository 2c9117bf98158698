import type { Realm } from '../../config/schema.ts';
import { insertAccount } from '../../store/accounts.ts';
import type { Database } from '../../store/database.ts';
import { insertMembership, setRoles } from '../../store/memberships.ts';
import { insertOrganisation, putEntitlements } from '../../store/organisations.ts';
import { putSession } from '../../store/sessions.ts';

export const probePerson = { account: 'probe-person', organisation: 'probe-organisation', session: 'probe-session', kvk: '99999999' };

/** Somebody who works for an organisation, has a role in every application, and is logged in. */
export async function seedPerson({ db }: Database, realm: Realm, now: number): Promise<void> {
  const { account, organisation, session, kvk } = probePerson;
  const roles = realm.applications.flatMap(({ id, roles: [first] }) => (first ? [{ application: id, role: first.id }] : []));
  await insertAccount(db, { id: account, status: 'active', given_name: 'Probe', family_name: 'Person', email: 'probe@probe.invalid', created_at: now, updated_at: now });
  await insertOrganisation(db, { id: organisation, name: 'Probe', identifiers: { kvk }, now });
  await putEntitlements(db, organisation, roles);
  await insertMembership(db, { id: 'probe', account_id: account, organisation_id: organisation, tier: 'user', status: 'active', registered_at: now });
  await setRoles(db, 'probe', roles.map((role) => ({ ...role, assigned_by: account, assigned_at: now })));
  await putSession(db, {
    id: session, account_id: account, organisation_id: organisation, created_at: now, last_active_at: now, expires_at: now + 3600,
    proofs: JSON.stringify({ proofs: [{ factor: 'password', level: realm.levels[0]?.id, at: now }] }),
  });
}
