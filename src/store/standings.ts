import { sql } from 'kysely';
import { prepared, type Given } from './prepared.ts';
import type { Db } from './schema.ts';
import { standingOf, type Standing, type StandingRow } from './standing.ts';

const text = (expression: unknown) => sql<string | null>`cast(${expression} as text)`;
const nothing = sql<string | null>`cast(null as text)`;
const kind = (name: string) => sql<string>`${sql.lit(name)}`.as('kind');

/** As `findStanding` asks of one organisation, of all of somebody's at once: they may have hundreds. */
const question = prepared((db, given: Given) => {
  const mine = db.selectFrom('memberships').where('memberships.account_id', '=', given('account')).where('memberships.status', '=', 'active');
  return mine.innerJoin('organisations', 'organisations.id', 'memberships.organisation_id')
    .select((eb) => ['memberships.organisation_id as organisation', kind('organisation'), text(eb.ref('organisations.name')).as('a'), text(eb.ref('minimum_level')).as('b'),
      text(eb.case().when(eb.exists(eb.selectFrom('memberships as others').innerJoin('accounts', 'accounts.id', 'others.account_id').select('others.id')
        .whereRef('others.organisation_id', '=', 'organisations.id').where('others.tier', '=', 'administrator')
        .where('others.status', '=', 'active').where('accounts.status', '=', 'active'))).then('administrator').else(null).end()).as('c')])
    .unionAll(mine.innerJoin('organisation_identifiers as numbers', 'numbers.organisation_id', 'memberships.organisation_id')
      .select((eb) => ['memberships.organisation_id as organisation', kind('identifier'), text(eb.ref('numbers.type')).as('a'), text(eb.ref('numbers.value')).as('b'), nothing.as('c')]))
    .unionAll(mine.innerJoin('agreements', 'agreements.organisation_id', 'memberships.organisation_id')
      .select((eb) => ['memberships.organisation_id as organisation', kind('agreement'), text(eb.ref('agreement')).as('a'), nothing.as('b'), nothing.as('c')]))
    .unionAll(mine
      .select((eb) => ['memberships.organisation_id as organisation', kind('membership'), text(eb.ref('memberships.id')).as('a'), text(eb.ref('tier')).as('b'), text(eb.ref('memberships.status')).as('c')]))
    .unionAll(mine.innerJoin('role_assignments', 'role_assignments.membership_id', 'memberships.id')
      .innerJoin('entitlements', (join) => join.onRef('entitlements.organisation_id', '=', 'memberships.organisation_id')
        .onRef('entitlements.application', '=', 'role_assignments.application').onRef('entitlements.role', '=', 'role_assignments.role'))
      .select((eb) => ['memberships.organisation_id as organisation', kind('role'), text(eb.ref('role_assignments.application')).as('a'), text(eb.ref('role_assignments.role')).as('b'), nothing.as('c')]));
});

/**
 * How every organisation stands in which somebody has an active membership, by its id. Of roles and entitlements only those
 * that are both assigned and entitled.
 */
export async function listStandings(db: Db, accountId: string): Promise<Map<string, Standing>> {
  const rows = new Map<string, StandingRow[]>();
  for (const { organisation, ...row } of (await question(db, { account: accountId })).rows) {
    const own = rows.get(organisation) ?? [];
    own.push(row);
    rows.set(organisation, own);
  }
  return new Map([...rows].flatMap(([id, own]) => {
    const standing = standingOf(own);
    return standing ? [[id, { ...standing, entitlements: standing.roles }]] : [];
  }));
}
