import type { Insertable, Selectable, Updateable } from 'kysely';
import { prepared } from './prepared.ts';
import type { Db, Tables } from './schema.ts';

export type Organisation = {
  id: string;
  name: string;
  /** type -> value */
  identifiers: Record<string, string>;
  /** id of the lowest level with which its people may log in anywhere */
  minimumLevel?: string;
};
export type AgreementRow = Selectable<Tables['agreements']>;

/** @throws a conflict (`isConflict`) when an identifier is another organisation's */
export async function insertOrganisation(tx: Db, { id, name, identifiers, minimumLevel, now }: Organisation & { now: number }): Promise<void> {
  await tx.insertInto('organisations').values({ id, name, created_at: now, minimum_level: minimumLevel ?? null }).execute();
  const rows = Object.entries(identifiers).map(([type, value]) => ({ organisation_id: id, type, value }));
  if (rows.length > 0) await tx.insertInto('organisation_identifiers').values(rows).execute();
}

const byId = prepared((db, given) => db.selectFrom('organisations').select(['id', 'name', 'minimum_level']).where('id', '=', given('id')));
const identifiersOf = prepared((db, given) => db.selectFrom('organisation_identifiers').select(['type', 'value']).where('organisation_id', '=', given('id')).orderBy('type'));

export async function findOrganisation(db: Db, id: string): Promise<Organisation | undefined> {
  const [row] = (await byId(db, { id })).rows;
  if (!row) return undefined;
  const { rows: identifiers } = await identifiersOf(db, { id });
  return organisationOf(row, Object.fromEntries(identifiers.map(({ type, value }) => [type, value])));
}

function organisationOf({ id, name, minimum_level }: Pick<Selectable<Tables['organisations']>, 'id' | 'name' | 'minimum_level'>, identifiers: Record<string, string>): Organisation {
  return { id, name, identifiers, ...(minimum_level !== null && { minimumLevel: minimum_level }) };
}

export async function updateOrganisation(tx: Db, id: string, changes: Omit<Updateable<Tables['organisations']>, 'id' | 'created_at'>): Promise<void> {
  await tx.updateTable('organisations').set(changes).where('id', '=', id).execute();
}

/** How an organisation is reached: an address may have several lines, a phone number is digits with at most a plus before them. */
export const contactFields = ['address', 'postal_address', 'phone', 'email'] as const;
export type ContactField = (typeof contactFields)[number];
export type Contact = Record<ContactField, string | null>;

/** Apart from the organisation itself: no login asks for it. */
export async function findContact(db: Db, id: string): Promise<Contact | undefined> {
  return db.selectFrom('organisations').select(contactFields).where('id', '=', id).executeTakeFirst();
}

export async function findOrganisationByIdentifier(db: Db, type: string, value: string): Promise<Organisation | undefined> {
  const [row] = (await byIdentifier(db, { type, value })).rows;
  return row && findOrganisation(db, row.organisation_id);
}

const byIdentifier = prepared((db, given) => db.selectFrom('organisation_identifiers').select('organisation_id').where('type', '=', given('type')).where('value', '=', given('value')));

/** Makes others who change something of this organisation wait until this transaction ends (PostgreSQL; SQLite has one writer). */
export async function lockOrganisation(tx: Db, id: string): Promise<void> {
  await tx.updateTable('organisations').set((eb) => ({ name: eb.ref('name') })).where('id', '=', id).execute();
}

/** All organisations by name. */
export async function listOrganisations(db: Db): Promise<Organisation[]> {
  const rows = await db.selectFrom('organisations').select(['id', 'name', 'minimum_level']).orderBy('name').orderBy('id').execute();
  const identifiers = await db.selectFrom('organisation_identifiers').selectAll().orderBy('type').execute();
  const found = new Map(rows.map((row) => [row.id, organisationOf(row, {})]));
  for (const { organisation_id, type, value } of identifiers) Object.assign(found.get(organisation_id)?.identifiers ?? {}, { [type]: value });
  return [...found.values()];
}

/** Records an agreement; recording it again replaces date and recorder. */
export async function putAgreement(tx: Db, row: Insertable<Tables['agreements']>): Promise<void> {
  const { signed_at, recorded_by, recorded_at } = row;
  await tx.insertInto('agreements').values(row)
    .onConflict((conflict) => conflict.columns(['organisation_id', 'agreement']).doUpdateSet({ signed_at, recorded_by, recorded_at }))
    .execute();
}

/** @returns the agreement as it was; undefined when none was recorded */
export async function deleteAgreement(tx: Db, organisationId: string, agreement: string): Promise<AgreementRow | undefined> {
  return tx.deleteFrom('agreements').where('organisation_id', '=', organisationId).where('agreement', '=', agreement).returningAll().executeTakeFirst();
}
const agreementsOf = prepared((db, given) => db.selectFrom('agreements').selectAll().where('organisation_id', '=', given('id')).orderBy('agreement'));

export async function listAgreements(db: Db, organisationId: string): Promise<AgreementRow[]> {
  return (await agreementsOf(db, { id: organisationId })).rows;
}

export type Entitlement = { application: string; role: string };

/** Replaces what the organisation's administrators may hand out. */
export async function putEntitlements(tx: Db, organisationId: string, entitlements: Entitlement[]): Promise<void> {
  await tx.deleteFrom('entitlements').where('organisation_id', '=', organisationId).execute();
  if (entitlements.length === 0) return;
  await tx.insertInto('entitlements')
    .values(entitlements.map(({ application, role }) => ({ organisation_id: organisationId, application, role })))
    .onConflict((conflict) => conflict.doNothing()).execute();
}

const entitlementsOf = prepared((db, given) => db.selectFrom('entitlements').select(['application', 'role']).where('organisation_id', '=', given('id'))
  .orderBy('application').orderBy('role'));

export async function listEntitlements(db: Db, organisationId: string): Promise<Entitlement[]> {
  return (await entitlementsOf(db, { id: organisationId })).rows;
}
