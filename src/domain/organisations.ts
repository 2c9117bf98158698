import { randomUUID } from 'node:crypto';
import type { Realm } from '../config/schema.ts';
import { appendAudit, type Actor } from '../store/audit.ts';
import {
  findOrganisation, findOrganisationByIdentifier, insertOrganisation, putAgreement, putEntitlements,
} from '../store/organisations.ts';
import type { Db } from '../store/schema.ts';
import { DomainError } from './errors.ts';
import { checkIdentifier } from './identifiers.ts';

export type Entitlement = { application: string; role: string };
export type NewOrganisation = {
  realm: Realm;
  name: string;
  /** type -> value as typed; at least one */
  identifiers: Record<string, string>;
  /** what its administrators may hand out; `all`: every role of the realm */
  entitlements?: 'all' | Entitlement[];
  actor: Actor;
  now: number;
};

/**
 * Registers a customer of the operator.
 * @returns its id
 * @throws DomainError organisation.name, organisation.identifier (none given), organisation.exists, identifier.<type>, roles.unknown
 */
export async function createOrganisation(tx: Db, organisation: NewOrganisation): Promise<string> {
  const { realm, actor, now } = organisation;
  const name = checkName(organisation.name);
  const identifiers = await checkIdentifiers(tx, organisation.identifiers);
  const entitlements = checkEntitlements(realm, organisation.entitlements ?? []);
  const id = randomUUID();
  await insertOrganisation(tx, { id, name, identifiers, now });
  if (entitlements.length > 0) await putEntitlements(tx, id, entitlements);
  await appendAudit(tx, {
    event: 'organisation.created', action: 'C', outcome: 'success', actor, organisationId: id,
    objectType: 'organisation', objectId: id, detail: { identifiers, entitlements: entitlements.length }, now,
  });
  return id;
}

export type SignedAgreement = {
  realm: Realm;
  organisationId: string;
  agreement: string;
  /** epoch seconds */
  signedAt: number;
  actor: Actor;
  now: number;
};

/**
 * Records that an organisation returned an agreement signed (seed row IB-8); recording it again replaces the date.
 * @throws DomainError agreement.unknown, agreement.date (not yet signed), organisation.unknown
 */
export async function recordAgreement(tx: Db, signed: SignedAgreement): Promise<void> {
  const { realm, organisationId, agreement, signedAt, actor, now } = signed;
  if (!realm.agreements.some((candidate) => candidate.id === agreement)) throw new DomainError('agreement.unknown', { agreement });
  if (signedAt > now) throw new DomainError('agreement.date', { agreement });
  if (!(await findOrganisation(tx, organisationId))) throw new DomainError('organisation.unknown');
  await putAgreement(tx, { organisation_id: organisationId, agreement, signed_at: signedAt, recorded_by: actor.id, recorded_at: now });
  await appendAudit(tx, {
    event: 'agreement.recorded', action: 'U', outcome: 'success', actor, organisationId,
    objectType: 'agreement', objectId: agreement, detail: { signedAt }, now,
  });
}

function checkName(typed: string): string {
  const name = typed.normalize('NFC').trim();
  if (name === '' || name.length > 200 || /[\p{Cc}\p{Cs}\u200e\u200f\u2028-\u202e\u2066-\u2069]/u.test(name)) {
    throw new DomainError('organisation.name');
  }
  return name;
}

async function checkIdentifiers(tx: Db, typed: Record<string, string>): Promise<Record<string, string>> {
  const checked: Record<string, string> = {};
  for (const [type, value] of Object.entries(typed)) {
    checked[type] = checkIdentifier(type, value);
    if (await findOrganisationByIdentifier(tx, type, checked[type])) throw new DomainError('organisation.exists', { type, value: checked[type] });
  }
  if (Object.keys(checked).length === 0) throw new DomainError('organisation.identifier');
  return checked;
}

function checkEntitlements(realm: Realm, asked: 'all' | Entitlement[]): Entitlement[] {
  const all = realm.applications.flatMap((application) => application.roles.map((role) => ({ application: application.id, role: role.id })));
  if (asked === 'all') return all;
  for (const { application, role } of asked) {
    if (!all.some((known) => known.application === application && known.role === role)) throw new DomainError('roles.unknown', { application });
  }
  return asked;
}
