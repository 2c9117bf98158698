import type { AccountClaims } from 'oidc-provider';
import type { Realm } from '../config/schema.ts';
import { accountsClaim } from '../domain/application-accounts.ts';
import { openApplications } from '../domain/opening.ts';
import { loadState, type State } from '../domain/state.ts';
import { findAccount } from '../store/accounts.ts';
import { findGrant } from '../store/grants.ts';
import type { Db } from '../store/schema.ts';

/** Scope -> claims (design, section 4). */
export const scopeClaims = {
  openid: ['sub', 'sub_id_type', 'acr', 'auth_time', 'jti', 'nbf'],
  profile: ['name', 'given_name', 'family_name', 'initials', 'locale', 'updated_at'],
  email: ['email'],
  phone: ['phone_number'],
  organisation: ['organisation', 'represents'],
  roles: ['roles', 'entitlements', 'accounts'],
};

/** NL GOV types of the represented party (OIDC-NLGOV 1.0.1, 5.2.4); other numbers get a type of the realm's own. */
const representedTypes: Record<string, string> = {
  kvk: 'urn:nl-eid-gdi:1.0:id:KvKnr',
  rsin: 'urn:nl-eid-gdi:1.0:id:RSIN',
};

/** Whose claims; `state` when this request has just read what holds of them, with the grant's organisation. */
export type Whose = { accountId: string; grantId: string | undefined; state?: State };

/**
 * Claims of a person at one client: only the organisation of this grant, only the roles of this client's portal in
 * applications that are open now, read fresh from the database. Undefined when the account is gone or not active.
 */
export async function claimsOf(db: Db, realm: Realm, { accountId, grantId, state }: Whose, applications: string[], now: number): Promise<AccountClaims | undefined> {
  const account = await findAccount(db, accountId);
  if (!account || account.status !== 'active') return undefined;
  // what was read of somebody else says nothing of this account
  const { organisation, membership } = state?.account?.id === accountId ? state : await stateOf(db, realm, accountId, grantId, now);
  const roles = membership?.status === 'active'
    ? openApplications(realm, applications, now).flatMap((application) => (membership.roles[application] ?? []).map((role) => `${application}:${role}`))
    : [];
  const entitlements = [...new Set(roles.map((role) => role.slice(0, role.indexOf(':'))))];
  return defined({
    sub: accountId,
    name: [account.given_name ?? account.initials, account.infix, account.family_name].filter(Boolean).join(' ') || undefined,
    given_name: account.given_name, family_name: [account.infix, account.family_name].filter(Boolean).join(' ') || undefined,
    initials: account.initials, locale: account.language, updated_at: account.updated_at,
    email: account.email, phone_number: account.phone,
    organisation: organisation && { id: organisation.id, name: organisation.name, identifiers: organisation.identifiers },
    represents: organisation && represented(realm, organisation.identifiers),
    roles, entitlements, accounts: membership && await accountsClaim(db, realm, membership.id, entitlements),
  }) as AccountClaims;
}

async function stateOf(db: Db, realm: Realm, accountId: string, grantId: string | undefined, now: number): Promise<State> {
  const grant = grantId === undefined ? undefined : await findGrant(db, grantId);
  const organisationId = grant?.organisation_id ?? undefined;
  return loadState(db, realm, { accountId, now, ...(organisationId && { organisationId }) });
}

function represented(realm: Realm, identifiers: Record<string, string>) {
  const type = Object.keys(representedTypes).find((name) => identifiers[name] !== undefined) ?? Object.keys(identifiers)[0];
  return type && { sub: identifiers[type], sub_id_type: representedTypes[type] ?? `${realm.issuer}/identifiers/${type}`, iss: realm.issuer };
}

function defined(claims: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined && value !== null));
}

