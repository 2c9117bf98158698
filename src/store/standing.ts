import { sql } from 'kysely';
import { recalled, type Given } from './prepared.ts';
import type { Db, Tables } from './schema.ts';

/** How an organisation stands, and somebody in it: what decides who may enter. */
export type Standing = {
  organisation: { name: string; minimumLevel: string | null; /** type -> value, by type */ identifiers: Record<string, string> };
  /** ids of agreements that are recorded as signed */
  agreements: Set<string>;
  /** somebody can hand out roles and codes: an active account with an active membership as administrator */
  hasAdministrator: boolean;
  entitlements: { application: string; role: string }[];
  /** ended ones too */
  membership: { id: string; tier: Tables['memberships']['tier']; status: Tables['memberships']['status'] } | undefined;
  /** assigned to that membership, by application and role */
  roles: { application: string; role: string }[];
};

/** One fact; what `a`, `b` and `c` hold hangs on its kind. */
export type StandingRow = { kind: string; a: string | null; b: string | null; c: string | null };

const nothing = sql<string | null>`cast(null as text)`;
const kind = (name: string) => sql<string>`${sql.lit(name)}`.as('kind');

/** One question in place of seven: it is asked at every use of a token. */
const question = recalled((db, given: Given) => {
  const memberships = db.selectFrom('memberships').where('memberships.organisation_id', '=', given('organisation')).where('memberships.account_id', '=', given('account'));
  const administrators = db.selectFrom('memberships').innerJoin('accounts', 'accounts.id', 'memberships.account_id').select('memberships.id')
    .where('memberships.organisation_id', '=', given('organisation')).where('tier', '=', 'administrator')
    .where('memberships.status', '=', 'active').where('accounts.status', '=', 'active');
  return db.selectFrom('organisations').where('id', '=', given('organisation'))
    .select((eb) => [kind('organisation'), eb.ref('name').$castTo<string | null>().as('a'), eb.ref('minimum_level').as('b'),
      eb.case().when(eb.exists(administrators)).then('administrator').else(null).end().$castTo<string | null>().as('c')])
    .unionAll(db.selectFrom('organisation_identifiers').where('organisation_id', '=', given('organisation'))
      .select((eb) => [kind('identifier'), eb.ref('type').$castTo<string | null>().as('a'), eb.ref('value').$castTo<string | null>().as('b'), nothing.as('c')]))
    .unionAll(db.selectFrom('agreements').where('organisation_id', '=', given('organisation'))
      .select((eb) => [kind('agreement'), eb.ref('agreement').$castTo<string | null>().as('a'), nothing.as('b'), nothing.as('c')]))
    .unionAll(db.selectFrom('entitlements').where('organisation_id', '=', given('organisation'))
      .select((eb) => [kind('entitlement'), eb.ref('application').$castTo<string | null>().as('a'), eb.ref('role').$castTo<string | null>().as('b'), nothing.as('c')]))
    .unionAll(memberships.select((eb) => [kind('membership'), eb.ref('memberships.id').$castTo<string | null>().as('a'),
      eb.ref('memberships.tier').$castTo<string | null>().as('b'), eb.ref('memberships.status').$castTo<string | null>().as('c')]))
    .unionAll(memberships.innerJoin('role_assignments', 'role_assignments.membership_id', 'memberships.id')
      .select((eb) => [kind('role'), eb.ref('application').$castTo<string | null>().as('a'), eb.ref('role').$castTo<string | null>().as('b'), nothing.as('c')]));
}, standingOf);

/** @returns undefined when there is no such organisation; without an account: how the organisation stands alone */
export async function findStanding(db: Db, organisationId: string, accountId: string | undefined): Promise<Standing | undefined> {
  return question(db, { organisation: organisationId, account: accountId ?? '' });
}

/** @returns undefined when no row is the organisation's own */
export function standingOf(rows: StandingRow[]): Standing | undefined {
  const organisation = rows.find((row) => row.kind === 'organisation');
  if (!organisation) return undefined;
  const membership = rows.find((row) => row.kind === 'membership');
  return {
    organisation: { name: organisation.a ?? '', minimumLevel: organisation.b, identifiers: Object.fromEntries(pairs(rows, 'identifier')) },
    agreements: new Set(pairs(rows, 'agreement').map(([agreement]) => agreement)),
    hasAdministrator: organisation.c !== null,
    entitlements: pairs(rows, 'entitlement').map(([application, role]) => ({ application, role })),
    membership: membership && { id: membership.a, tier: membership.b, status: membership.c } as Standing['membership'],
    roles: pairs(rows, 'role').map(([application, role]) => ({ application, role })),
  };
}

/** In a fixed order: a union has none. */
function pairs(rows: StandingRow[], wanted: string): [string, string][] {
  return rows.flatMap(({ kind: found, a, b }): [string, string][] => (found === wanted ? [[a ?? '', b ?? '']] : []))
    .sort(([a, b], [c, d]) => (a < c || (a === c && b < d) ? -1 : 1));
}
