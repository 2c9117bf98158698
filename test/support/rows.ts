import { insertAccount } from '../../src/store/accounts.ts';
import { insertMembership } from '../../src/store/memberships.ts';
import { insertOrganisation } from '../../src/store/organisations.ts';
import type { Db, Tables } from '../../src/store/schema.ts';

/** 2026-06-01 12:00 UTC. */
export const NOON = 1_780_315_200;

/** An account as a registration leaves it. */
export async function anAccount(db: Db, id: string, details: Partial<Pick<Tables['accounts'], 'status' | 'given_name' | 'family_name' | 'email'>> = {}): Promise<void> {
  await insertAccount(db, { id, status: 'active', created_at: NOON, updated_at: NOON, ...details });
}

export async function anOrganisation(db: Db, id: string, identifiers: Record<string, string> = {}, name = `Gemeente ${id}`): Promise<void> {
  await insertOrganisation(db, { id, name, identifiers, now: NOON });
}

/** A person in an organisation; makes neither of them. */
export async function aMembership(db: Db, id: string, accountId: string, organisationId: string,
  details: Partial<Pick<Tables['memberships'], 'tier' | 'status'>> = {}): Promise<void> {
  await insertMembership(db, { id, account_id: accountId, organisation_id: organisationId, tier: 'user', status: 'pending', registered_at: NOON, ...details });
}
