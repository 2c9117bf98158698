CREATE TABLE "accounts" (
  "id" text not null primary key,
  "status" text not null,
  "salutation" text,
  "initials" text,
  "given_name" text,
  "infix" text,
  "family_name" text,
  "department" text,
  "phone" text,
  "email" text,
  "newsletter" integer default 0 not null,
  "language" text,
  "created_at" bigint not null,
  "updated_at" bigint not null,
  "last_login_at" bigint,
  "must_activate" integer default 0 not null,
  "ended_at" bigint,
  "purged_at" bigint,
  "reopened_at" bigint,
  "end_reason" text,
  "birth_date" text,
  "gender" text,
  "address" text,
  "postal_address" text,
  "mobile" text,
  "contact_email" text,
  "function" text,
  "card_function" text
);

CREATE INDEX "accounts_email" on "accounts" (lower(email));

CREATE INDEX "accounts_family_name" on "accounts" ("family_name", "id");

CREATE TABLE "activation_codes" (
  "id" text primary key,
  "account_id" text not null references "accounts" ("id") on delete cascade,
  "hash" text not null,
  "tries" integer default 0 not null,
  "max_tries" integer not null,
  "channel" text not null,
  "message_id" text,
  "issued_by" text not null,
  "issued_at" bigint not null,
  "expires_at" bigint not null,
  "closed_at" bigint,
  "close_reason" text
);

CREATE INDEX "activation_codes_closed_at" on "activation_codes" ("closed_at");

CREATE UNIQUE INDEX "activation_codes_open" on "activation_codes" ("account_id") where "closed_at" is null;

CREATE TABLE "agreements" (
  "organisation_id" text not null references "organisations" ("id") on delete cascade,
  "agreement" text not null,
  "signed_at" bigint not null,
  "recorded_by" text not null,
  "recorded_at" bigint not null,
  constraint "agreements_pk" primary key ("organisation_id", "agreement")
);

CREATE TABLE "application_accounts" (
  "membership_id" text not null references "memberships" ("id") on delete cascade,
  "application" text not null,
  "type" text not null,
  "value" text not null,
  constraint "application_accounts_pk" primary key ("membership_id", "application", "type", "value")
);

CREATE TABLE "audit" (
  "seq" integer primary key autoincrement,
  "id" text not null unique,
  "at" bigint not null,
  "event" text not null,
  "action" text not null,
  "outcome" text not null,
  "reason" text,
  "actor" text not null,
  "organisation_id" text,
  "object_type" text,
  "object_id" text,
  "client_id" text,
  "run_id" text,
  "address" text,
  "detail" text not null,
  "reference" text,
  "user_agent" text,
  "session_id" text,
  "acr" text,
  "acting_for" text,
  "source" text,
  "account_id" text
);

CREATE INDEX "audit_account" on "audit" ("account_id", "event", "seq") where "account_id" is not null;

CREATE INDEX "audit_event" on "audit" ("event", "seq");

CREATE INDEX "audit_organisation" on "audit" ("organisation_id", "seq") where "organisation_id" is not null;

CREATE INDEX "audit_run" on "audit" ("run_id", "seq") where "run_id" is not null;

CREATE TABLE "audit_head" (
  "id" integer not null primary key,
  "position" bigint not null,
  "hash" text not null
);

CREATE TABLE "audit_seals" (
  "position" integer not null primary key,
  "audit_id" text not null unique,
  "hash" text not null,
  "sealed_at" bigint not null
);

CREATE TABLE "audit_unsealed" ("audit_id" text not null primary key) without rowid;

CREATE TABLE "broker_identities" (
  "broker_id" text not null,
  "acting_subject" text not null,
  "organisation_id" text not null references "organisations" ("id"),
  "account_id" text not null references "accounts" ("id") on delete cascade,
  "created_at" bigint not null,
  "last_seen_at" bigint not null,
  constraint "broker_identities_pk" primary key ("broker_id", "acting_subject", "organisation_id")
);

CREATE INDEX "broker_identities_account" on "broker_identities" ("account_id");

CREATE TABLE "clients" (
  "client_id" text not null primary key,
  "portal" text not null,
  "metadata" text not null,
  "created_at" bigint not null,
  "updated_at" bigint not null
);

CREATE TABLE "counters" (
  "key" text not null primary key,
  "count" integer not null,
  "resets_at" bigint not null,
  "opens_at" bigint default 0 not null
);

CREATE INDEX "counters_resets_at" on "counters" ("resets_at");

CREATE TABLE "documents" (
  "model" text not null,
  "id" text not null,
  "payload" text not null,
  "grant_id" text,
  "uid" text,
  "user_code" text,
  "consumed_at" bigint,
  "expires_at" bigint,
  constraint "documents_model_id" unique ("model", "id")
);

CREATE INDEX "documents_expires_at" on "documents" ("expires_at") where "expires_at" is not null;

CREATE INDEX "documents_grant_id" on "documents" ("grant_id") where "grant_id" is not null;

CREATE INDEX "documents_uid" on "documents" ("uid") where "uid" is not null;

CREATE INDEX "documents_user_code" on "documents" ("user_code") where "user_code" is not null;

CREATE TABLE "entitlements" (
  "organisation_id" text not null references "organisations" ("id") on delete cascade,
  "application" text not null,
  "role" text not null,
  constraint "entitlements_pk" primary key ("organisation_id", "application", "role")
);

CREATE TABLE "face_sessions" (
  "hash" text not null primary key,
  "face" text not null,
  "account_id" text not null references "accounts" ("id") on delete cascade,
  "organisation_id" text references "organisations" ("id"),
  "session_id" text not null,
  "grant_id" text not null,
  "created_at" bigint not null,
  "last_active_at" bigint not null,
  "expires_at" bigint not null
);

CREATE INDEX "face_sessions_expires_at" on "face_sessions" ("expires_at");

CREATE INDEX "face_sessions_session" on "face_sessions" ("session_id");

CREATE TABLE "factors" (
  "id" text primary key,
  "account_id" text not null references "accounts" ("id") on delete cascade,
  "kind" text not null check (kind in ('totp', 'sms')),
  "secret" text not null,
  "created_at" bigint not null,
  "last_used_at" bigint,
  "last_step" bigint,
  constraint "factors_kind" unique ("account_id", "kind")
);

CREATE TABLE "grants" (
  "id" text not null primary key,
  "session_id" text not null,
  "account_id" text not null references "accounts" ("id") on delete cascade,
  "client_id" text not null,
  "organisation_id" text references "organisations" ("id"),
  "acr" text not null,
  "created_at" bigint not null
);

CREATE INDEX "grants_session" on "grants" ("session_id", "client_id", "organisation_id");

CREATE TABLE "logins" (
  "scope" text not null,
  "username" text not null,
  "account_id" text not null references "accounts" ("id") on delete cascade,
  constraint "logins_pk" primary key ("scope", "username")
);

CREATE INDEX "logins_account" on "logins" ("account_id");

CREATE TABLE "memberships" (
  "id" text not null primary key,
  "account_id" text not null references "accounts" ("id") on delete cascade,
  "organisation_id" text not null references "organisations" ("id"),
  "tier" text not null,
  "status" text not null,
  "registered_at" bigint not null,
  "verified_at" bigint,
  constraint "memberships_account_organisation" unique ("account_id", "organisation_id")
);

CREATE INDEX "memberships_organisation" on "memberships" ("organisation_id", "status", "tier");

CREATE TABLE "notices" (
  "account_id" text not null references "accounts" ("id") on delete cascade,
  "kind" text not null,
  "about" text not null,
  "told_at" bigint not null,
  constraint "notices_pk" primary key ("account_id", "kind", "about")
);

CREATE TABLE "organisation_identifiers" (
  "organisation_id" text not null references "organisations" ("id") on delete cascade,
  "type" text not null,
  "value" text not null,
  constraint "organisation_identifiers_pk" primary key ("organisation_id", "type"),
  constraint "organisation_identifiers_value" unique ("type", "value")
);

CREATE TABLE "organisations" (
  "id" text not null primary key,
  "name" text not null,
  "created_at" bigint not null,
  "minimum_level" text,
  "address" text,
  "postal_address" text,
  "phone" text,
  "email" text
);

CREATE TABLE "outbox" (
  "id" text not null primary key,
  "channel" text not null,
  "recipient" text not null,
  "subject" text not null,
  "text" text not null,
  "html" text,
  "code" text,
  "links" text not null,
  "state" text not null,
  "attempts" integer default 0 not null,
  "next_at" bigint not null,
  "error" text,
  "created_at" bigint not null,
  "sent_at" bigint,
  "secret" integer default 0 not null,
  "account_id" text
);

CREATE INDEX "outbox_account" on "outbox" ("account_id");

CREATE INDEX "outbox_created_at" on "outbox" ("created_at");

CREATE INDEX "outbox_due" on "outbox" ("state", "next_at");

CREATE TABLE "passkeys" (
  "id" text primary key,
  "account_id" text not null references "accounts" ("id") on delete cascade,
  "credential_id" text not null unique,
  "public_key" text not null,
  "counter" bigint not null,
  "transports" text not null,
  "name" text not null,
  "device" text not null check (device in ('single', 'multi')),
  "backed_up" integer not null,
  "created_at" bigint not null,
  "last_used_at" bigint,
  "blocked_at" bigint
);

CREATE INDEX "passkeys_account" on "passkeys" ("account_id");

CREATE TABLE "password_history" (
  "id" text primary key,
  "account_id" text not null references "accounts" ("id") on delete cascade,
  "hash" text not null,
  "replaced_at" bigint not null
);

CREATE INDEX "password_history_account" on "password_history" ("account_id", "replaced_at");

CREATE TABLE "passwords" (
  "account_id" text not null primary key references "accounts" ("id") on delete cascade,
  "hash" text not null,
  "changed_at" bigint not null,
  "one_time" integer default 0 not null
);

CREATE INDEX "passwords_foreign" on "passwords" ("account_id") where hash not like '$argon2%';

CREATE TABLE "recovery_codes" (
  "id" text primary key,
  "account_id" text not null references "accounts" ("id") on delete cascade,
  "hash" text not null,
  "created_at" bigint not null,
  "used_at" bigint
);

CREATE INDEX "recovery_codes_account" on "recovery_codes" ("account_id");

CREATE TABLE "replays" (
  "id" text not null primary key,
  "expires_at" bigint not null
);

CREATE INDEX "replays_expires_at" on "replays" ("expires_at");

CREATE TABLE "role_assignments" (
  "membership_id" text not null references "memberships" ("id") on delete cascade,
  "application" text not null,
  "role" text not null,
  "assigned_by" text not null,
  "assigned_at" bigint not null,
  constraint "role_assignments_pk" primary key ("membership_id", "application", "role")
);

CREATE TABLE "runs" (
  "id" text not null primary key,
  "flow" text not null,
  "portal" text not null,
  "client_id" text not null,
  "request" text not null,
  "version" integer default 0 not null,
  "journal" text not null,
  "state" text not null,
  "notice" text,
  "account_id" text,
  "organisation_id" text,
  "status" text not null,
  "end_code" text,
  "created_at" bigint not null,
  "expires_at" bigint not null
);

CREATE INDEX "runs_expires_at" on "runs" ("expires_at");

CREATE TABLE "security_answers" (
  "account_id" text not null references "accounts" ("id") on delete cascade,
  "question" text not null,
  "hash" text not null,
  "set_at" bigint not null,
  constraint "security_answers_pk" primary key ("account_id", "question")
);

CREATE TABLE "sent_codes" (
  "id" text primary key,
  "purpose" text not null,
  "account_id" text not null references "accounts" ("id") on delete cascade,
  "hash" text not null,
  "tries" integer default 0 not null,
  "max_tries" integer not null,
  "issued_at" bigint not null,
  "expires_at" bigint not null,
  "closed_at" bigint,
  "close_reason" text
);

CREATE INDEX "sent_codes_expires_at" on "sent_codes" ("expires_at");

CREATE INDEX "sent_codes_purpose" on "sent_codes" ("purpose", "issued_at");

CREATE TABLE "session_clients" (
  "session_id" text not null references "sessions" ("id") on delete cascade,
  "client_id" text not null,
  "sid" text not null,
  "logout_uri" text,
  "since" bigint not null,
  constraint "session_clients_pk" primary key ("session_id", "client_id")
);

CREATE TABLE "sessions" (
  "id" text not null primary key,
  "account_id" text not null references "accounts" ("id") on delete cascade,
  "organisation_id" text references "organisations" ("id"),
  "proofs" text not null,
  "created_at" bigint not null,
  "last_active_at" bigint not null,
  "expires_at" bigint not null
);

CREATE INDEX "sessions_account" on "sessions" ("account_id");

CREATE INDEX "sessions_expires_at" on "sessions" ("expires_at");

CREATE INDEX "sessions_last_active_at" on "sessions" ("last_active_at");

CREATE TABLE "tickets" (
  "hash" text not null primary key,
  "kind" text not null,
  "run_id" text,
  "payload" text not null,
  "created_at" bigint not null,
  "expires_at" bigint not null,
  "used_at" bigint
);

CREATE INDEX "tickets_expires_at" on "tickets" ("expires_at");

CREATE TABLE "verification_codes" (
  "id" text not null primary key,
  "membership_id" text not null references "memberships" ("id") on delete cascade,
  "tier" text not null,
  "hash" text not null,
  "tries" integer default 0 not null,
  "max_tries" integer not null,
  "issued_by" text not null,
  "issued_at" bigint not null,
  "expires_at" bigint not null,
  "closed_at" bigint,
  "close_reason" text
);

CREATE INDEX "verification_codes_membership" on "verification_codes" ("membership_id", "issued_at");

CREATE UNIQUE INDEX "verification_codes_open" on "verification_codes" ("membership_id") where "closed_at" is null;
