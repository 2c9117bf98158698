import { randomUUID } from 'node:crypto';
import type { Realm } from '../config/schema.ts';
import { appendAudit, type Actor } from '../store/audit.ts';
import {
  deleteAgreement, findOrganisation, findOrganisationByIdentifier, insertOrganisation, lockOrganisation, putAgreement, putEntitlements, updateOrganisation, type Entitlement,
} from '../store/organisations.ts';
import type { Db } from '../store/schema.ts';
import { listSessions, type SessionRow } from '../store/sessions.ts';
import { checkEntitlements } from './entitlements.ts';
import { DomainError } from './errors.ts';
import { checkIdentifier } from './identifiers.ts';
import { inviteAdministrators, lacksAgreements } from './invitation.ts';
import { checkContact, checkName, type ContactChanges } from './organisation-details.ts';
import { endSession, endSessionsOf } from './sessions.ts';

export type NewOrganisation = {
  realm: Realm;
  name: string;
  /** type -> value as typed; at least one */
  identifiers: Record<string, string>;
  /** what its administrators may hand out; `all`: every role of the realm */
  entitlements?: 'all' | Entitlement[];
  /** id of the lowest level with which its people may log in anywhere */
  minimumLevel?: string;
  contact?: ContactChanges;
  actor: Actor;
  now: number;
};

/**
 * Registers a customer of the operator.
 * @returns its id
 * @throws DomainError organisation.name, organisation.identifier (none given), organisation.exists, organisation.level, organisation.<field of contact>, identifier.<type>, roles.unknown
 */
export async function createOrganisation(tx: Db, organisation: NewOrganisation): Promise<string> {
  const { realm, minimumLevel, actor, now } = organisation;
  const name = checkName(organisation.name);
  const contact = checkContact(organisation.contact ?? {});
  const identifiers = await checkIdentifiers(tx, organisation.identifiers);
  const entitlements = checkEntitlements(realm, organisation.entitlements ?? []);
  if (minimumLevel !== undefined) checkLevel(realm, minimumLevel);
  const id = randomUUID();
  await insertOrganisation(tx, { id, name, identifiers, now, ...(minimumLevel !== undefined && { minimumLevel }) });
  if (Object.keys(contact).length > 0) await updateOrganisation(tx, id, contact);
  if (entitlements.length > 0) await putEntitlements(tx, id, entitlements);
  await appendAudit(tx, {
    event: 'organisation.created', action: 'C', outcome: 'success', actor, organisationId: id,
    objectType: 'organisation', objectId: id, detail: { identifiers, entitlements: entitlements.length, ...(minimumLevel !== undefined && { minimumLevel }) }, now,
  });
  return id;
}

export type LevelChange = { realm: Realm; organisationId: string; /** undefined: whatever a portal asks */ level: string | undefined; actor: Actor; now: number };

/**
 * Sets the lowest level with which an organisation's people may log in, at whatever portal. It counts at once: sessions and
 * tokens below it no longer suffice, and the sessions end so that their portals hear of it.
 * @returns how many sessions ended
 * @throws DomainError organisation.level, organisation.unknown
 */
export async function changeMinimumLevel(tx: Db, { realm, organisationId, level, actor, now }: LevelChange): Promise<number> {
  if (level !== undefined) checkLevel(realm, level);
  const before = await findOrganisation(tx, organisationId);
  if (!before) throw new DomainError('organisation.unknown');
  await updateOrganisation(tx, organisationId, { minimum_level: level ?? null });
  await appendAudit(tx, {
    event: 'organisation.level_changed', action: 'U', outcome: 'success', actor, organisationId,
    objectType: 'organisation', objectId: organisationId, detail: { from: before.minimumLevel ?? null, to: level ?? null }, now,
  });
  const rank = realm.levels.findIndex(({ id }) => id === level);
  let ended = 0;
  for (const session of await listSessions(tx, { organisationId })) {
    if (rankOf(realm, session) < rank && await endSession(tx, session.id, { reason: 'revoked', actor, now })) ended += 1;
  }
  return ended;
}

function checkLevel(realm: Realm, level: string): void {
  if (!realm.levels.some((known) => known.id === level)) throw new DomainError('organisation.level', { level });
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
 * Records that an organisation returned an agreement signed (seed row IB-8); recording it again replaces the date. With the last
 * one its administrators get the first mail of their accounts (row CIZ-1).
 * @returns the accounts that were invited
 * @throws DomainError agreement.unknown, agreement.date (not yet signed), organisation.unknown
 */
export async function recordAgreement(tx: Db, signed: SignedAgreement): Promise<string[]> {
  const { realm, organisationId, agreement, signedAt, actor, now } = signed;
  if (!realm.agreements.some((candidate) => candidate.id === agreement)) throw new DomainError('agreement.unknown', { agreement });
  if (signedAt > now) throw new DomainError('agreement.date', { agreement });
  if (!(await findOrganisation(tx, organisationId))) throw new DomainError('organisation.unknown');
  // of two agreements at once one is the last
  await lockOrganisation(tx, organisationId);
  const waited = await lacksAgreements(tx, realm, organisationId);
  await putAgreement(tx, { organisation_id: organisationId, agreement, signed_at: signedAt, recorded_by: actor.id, recorded_at: now });
  await appendAudit(tx, {
    event: 'agreement.recorded', action: 'U', outcome: 'success', actor, organisationId,
    objectType: 'agreement', objectId: agreement, detail: { signedAt }, now,
  });
  return waited && !await lacksAgreements(tx, realm, organisationId) ? inviteAdministrators(tx, realm, { organisationId, actor, now }) : [];
}

/**
 * Takes back that an organisation signed: nobody of it comes in any more, and who is in goes out at once.
 * @returns how many sessions ended
 * @throws DomainError organisation.unknown, agreement.not_recorded
 */
export async function withdrawAgreement(tx: Db, { organisationId, agreement, actor, now }: Omit<SignedAgreement, 'realm' | 'signedAt'>): Promise<number> {
  if (!(await findOrganisation(tx, organisationId))) throw new DomainError('organisation.unknown');
  const before = await deleteAgreement(tx, organisationId, agreement);
  if (!before) throw new DomainError('agreement.not_recorded', { agreement });
  await appendAudit(tx, {
    event: 'agreement.withdrawn', action: 'D', outcome: 'success', actor, organisationId, objectType: 'agreement', objectId: agreement,
    detail: { before: { signedAt: before.signed_at, recordedBy: before.recorded_by }, after: null }, now,
  });
  return endSessionsOf(tx, { organisationId }, { reason: 'revoked', actor, now });
}

/** Rank on the realm's ladder of the best that a session proved; -1 for nothing. */
function rankOf(realm: Realm, session: SessionRow): number {
  const { proofs } = JSON.parse(session.proofs) as { proofs: { level: string }[] };
  return Math.max(-1, ...proofs.map((proof) => realm.levels.findIndex(({ id }) => id === proof.level)));
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
