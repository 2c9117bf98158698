import { appendAudit, type Actor } from '../store/audit.ts';
import { contactFields, findContact, findOrganisation, updateOrganisation, type ContactField } from '../store/organisations.ts';
import type { Db } from '../store/schema.ts';
import { DomainError } from './errors.ts';
import { UNWANTED } from './names.ts';
import { checks } from './person-checks.ts';

/** As typed; null takes one away. A field that is absent stays as it was. */
export type ContactChanges = Partial<Record<ContactField, string | null>>;
export type DetailsChange = { organisationId: string; name?: string; contact?: ContactChanges; actor: Actor; now: number };

/**
 * Changes what an organisation is called and how it is reached (page B10, row CIZ-13). The trail says which details changed,
 * not what they were: a sole trader's are personal.
 * @returns the fields that changed
 * @throws DomainError organisation.unknown, organisation.name, organisation.address, organisation.postal_address, organisation.phone, organisation.email
 */
export async function changeDetails(tx: Db, { organisationId, name, contact = {}, actor, now }: DetailsChange): Promise<string[]> {
  const before = await findOrganisation(tx, organisationId);
  if (!before) throw new DomainError('organisation.unknown');
  const asked = { ...(name !== undefined && { name: checkName(name) }), ...checkContact(contact) };
  const known: Record<string, string | null> = { name: before.name, ...await findContact(tx, organisationId) };
  const changed = Object.entries(asked).filter(([field, value]) => (known[field] ?? null) !== value).map(([field]) => field);
  if (changed.length === 0) return changed;
  await updateOrganisation(tx, organisationId, asked);
  await appendAudit(tx, {
    event: 'organisation.changed', action: 'U', outcome: 'success', actor, organisationId, objectType: 'organisation', objectId: organisationId, detail: { fields: changed }, now,
  });
  return changed;
}

/** @throws DomainError organisation.name */
export function checkName(typed: string): string {
  const name = typed.normalize('NFC').trim();
  if (name === '' || name.length > 200 || UNWANTED.test(name)) throw new DomainError('organisation.name');
  return name;
}

/** What is kept of each field: as people's own (`checks`). @throws DomainError organisation.<field> */
export function checkContact(typed: ContactChanges): ContactChanges {
  const kept: ContactChanges = {};
  for (const field of contactFields) {
    const value = typed[field]?.trim().normalize('NFC');
    if (typed[field] === undefined) continue;
    const checked = value ? checks[field](value, { functions: [], today: '' }) : null;
    if (typeof checked === 'object' && checked !== null) throw new DomainError(`organisation.${field}`);
    kept[field] = checked;
  }
  return kept;
}
