import type { Insertable, Selectable, Updateable } from 'kysely';
import { prepared } from './prepared.ts';
import type { Db, Tables } from './schema.ts';

export type MembershipRow = Selectable<Tables['memberships']>;
export type Assignment = Omit<Selectable<Tables['role_assignments']>, 'membership_id'>;
/** Of a person, what administrators of their organisation see. */
const ofAccount = ['salutation', 'initials', 'given_name', 'infix', 'family_name', 'department', 'phone', 'email', 'newsletter', 'language', 'last_login_at'] as const;
/** A membership with these. */
export type MemberRow = MembershipRow & Pick<Selectable<Tables['accounts']>, (typeof ofAccount)[number]> & {
  account_status: Tables['accounts']['status'];
};

/** @throws a conflict (`isConflict`) when the person is a member already */
export async function insertMembership(tx: Db, row: Insertable<Tables['memberships']>): Promise<void> {
  await tx.insertInto('memberships').values(row).execute();
}

export async function findMembership(db: Db, id: string): Promise<MembershipRow | undefined> {
  return db.selectFrom('memberships').selectAll().where('id', '=', id).executeTakeFirst();
}

const ofPerson = prepared((db, given) => db.selectFrom('memberships').selectAll().where('account_id', '=', given('account')).where('organisation_id', '=', given('organisation')));

export async function findMembershipOf(db: Db, accountId: string, organisationId: string): Promise<MembershipRow | undefined> {
  return (await ofPerson(db, { account: accountId, organisation: organisationId })).rows[0];
}

/** The memberships of one person that have not ended. */
export async function listMembershipsOf(db: Db, accountId: string): Promise<MembershipRow[]> {
  return db.selectFrom('memberships').selectAll().where('account_id', '=', accountId).where('status', '!=', 'ended')
    .orderBy('registered_at').orderBy('id').execute();
}

/** Everybody of an organisation, ended memberships too, by family name. */
export async function listMemberships(db: Db, organisationId: string): Promise<MemberRow[]> {
  return members(db, organisationId).execute();
}

/** @returns false when there is no such membership */
export async function updateMembership(tx: Db, id: string, patch: Pick<Updateable<Tables['memberships']>, 'tier' | 'status' | 'verified_at'>): Promise<boolean> {
  const result = await tx.updateTable('memberships').set(patch).where('id', '=', id).executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

const anAdministrator = prepared((db, given) => db.selectFrom('memberships').innerJoin('accounts', 'accounts.id', 'memberships.account_id').select('memberships.id')
  .where('memberships.organisation_id', '=', given('organisation'))
  .where('memberships.tier', '=', 'administrator').where('memberships.status', '=', 'active').where('accounts.status', '=', 'active').limit(1));

/** True when somebody can hand out roles and codes: an active account with an active membership as administrator. */
export async function hasAdministrator(db: Db, organisationId: string): Promise<boolean> {
  return (await anAdministrator(db, { organisation: organisationId })).rows.length > 0;
}

export async function listAdministrators(db: Db, organisationId: string): Promise<MemberRow[]> {
  return administrators(db, organisationId).execute();
}

/** Replaces the roles of a membership. */
export async function setRoles(tx: Db, membershipId: string, rows: Assignment[]): Promise<void> {
  await tx.deleteFrom('role_assignments').where('membership_id', '=', membershipId).execute();
  if (rows.length === 0) return;
  await tx.insertInto('role_assignments').values(rows.map((row) => ({ ...row, membership_id: membershipId }))).execute();
}

const rolesOf = prepared((db, given) => db.selectFrom('role_assignments').select(['application', 'role', 'assigned_by', 'assigned_at'])
  .where('membership_id', '=', given('membership')).orderBy('application').orderBy('role'));

export async function listRoles(db: Db, membershipId: string): Promise<Assignment[]> {
  return (await rolesOf(db, { membership: membershipId })).rows;
}

/** Who holds which roles in an organisation, one row for each. */
export async function listHolders(db: Db, organisationId: string): Promise<{ account_id: string; application: string; role: string }[]> {
  return db.selectFrom('memberships').innerJoin('role_assignments', 'role_assignments.membership_id', 'memberships.id')
    .select(['account_id', 'application', 'role']).where('organisation_id', '=', organisationId).execute();
}

function administrators(db: Db, organisationId: string) {
  return members(db, organisationId)
    .where('memberships.tier', '=', 'administrator').where('memberships.status', '=', 'active').where('accounts.status', '=', 'active');
}

function members(db: Db, organisationId: string) {
  return db.selectFrom('memberships').innerJoin('accounts', 'accounts.id', 'memberships.account_id')
    .where('memberships.organisation_id', '=', organisationId)
    .selectAll('memberships')
    .select([...ofAccount, 'accounts.status as account_status'])
    .orderBy('family_name').orderBy('memberships.id');
}
