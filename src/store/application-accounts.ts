import { prepared } from './prepared.ts';
import type { Db } from './schema.ts';

/** A number under which somebody works in an application. */
export type ApplicationAccount = { application: string; type: string; value: string };

const ofMembership = prepared((db, given) => db.selectFrom('application_accounts').select(['application', 'type', 'value'])
  .where('membership_id', '=', given('membership')).orderBy('application').orderBy('type').orderBy('value'));

/** Those of one membership, by application, type and number. */
export async function listApplicationAccounts(db: Db, membershipId: string): Promise<ApplicationAccount[]> {
  return (await ofMembership(db, { membership: membershipId })).rows;
}

/** Replaces those of a membership. */
export async function setApplicationAccounts(tx: Db, membershipId: string, rows: ApplicationAccount[]): Promise<void> {
  await tx.deleteFrom('application_accounts').where('membership_id', '=', membershipId).execute();
  if (rows.length > 0) await tx.insertInto('application_accounts').values(rows.map((row) => ({ ...row, membership_id: membershipId }))).execute();
}
