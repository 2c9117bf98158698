import type { Migration } from 'kysely';
import { foundation } from './0001_foundation.ts';
import { auditSeal } from './0002_audit_seal.ts';
import { sessions } from './0003_sessions.ts';
import { auditFields } from './0004_audit_fields.ts';
import { factors } from './0005_factors.ts';
import { accountPages } from './0006_account_pages.ts';
import { passwordLinks } from './0007_password_links.ts';
import { passkeys } from './0008_passkeys.ts';
import { outboxAccount } from './0009_outbox_account.ts';
import { personDetails } from './0010_person_details.ts';
import { organisationContact } from './0011_organisation_contact.ts';
import { leanTrail } from './0012_lean_trail.ts';

/** Every migration in order, listed by hand. One that was released is never changed: add the next number. */
export function migrations(dialect: 'sqlite' | 'postgres'): Record<string, Migration> {
  return {
    '0001_foundation': foundation(dialect),
    '0002_audit_seal': auditSeal,
    '0003_sessions': sessions,
    '0004_audit_fields': auditFields,
    '0005_factors': factors,
    '0006_account_pages': accountPages,
    '0007_password_links': passwordLinks,
    '0008_passkeys': passkeys,
    '0009_outbox_account': outboxAccount,
    '0010_person_details': personDetails,
    '0011_organisation_contact': organisationContact,
    '0012_lean_trail': leanTrail(dialect),
  };
}
