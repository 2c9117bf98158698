import { sql, type Kysely, type Migration } from 'kysely';

type Schema = Kysely<unknown>['schema'];

/** The tables of the first release. What each is for is said in src/store/schema.ts. */
export function foundation(dialect: 'sqlite' | 'postgres'): Migration {
  return {
    async up({ schema }: Kysely<unknown>) {
      await people(schema);
      await organisations(schema);
      await memberships(schema);
      await logins(schema);
      await runs(schema);
      await sessions(schema);
      await protocol(schema);
      await messages(schema);
      await audit(schema, dialect);
      await limits(schema);
    },
  };
}

async function people(schema: Schema): Promise<void> {
  await schema.createTable('accounts')
    .addColumn('id', 'text', (column) => column.notNull().primaryKey())
    .addColumn('status', 'text', (column) => column.notNull())
    .addColumn('salutation', 'text')
    .addColumn('initials', 'text')
    .addColumn('given_name', 'text')
    .addColumn('infix', 'text')
    .addColumn('family_name', 'text')
    .addColumn('department', 'text')
    .addColumn('phone', 'text')
    .addColumn('email', 'text')
    .addColumn('newsletter', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('language', 'text')
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('updated_at', 'bigint', (column) => column.notNull())
    .addColumn('last_login_at', 'bigint')
    .execute();
  await schema.createIndex('accounts_family_name').on('accounts').columns(['family_name', 'id']).execute();
}

async function organisations(schema: Schema): Promise<void> {
  await schema.createTable('organisations')
    .addColumn('id', 'text', (column) => column.notNull().primaryKey())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .execute();
  await schema.createTable('organisation_identifiers')
    .addColumn('organisation_id', 'text', (column) => column.notNull().references('organisations.id').onDelete('cascade'))
    .addColumn('type', 'text', (column) => column.notNull())
    .addColumn('value', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('organisation_identifiers_pk', ['organisation_id', 'type'])
    .addUniqueConstraint('organisation_identifiers_value', ['type', 'value'])
    .execute();
  await schema.createTable('agreements')
    .addColumn('organisation_id', 'text', (column) => column.notNull().references('organisations.id').onDelete('cascade'))
    .addColumn('agreement', 'text', (column) => column.notNull())
    .addColumn('signed_at', 'bigint', (column) => column.notNull())
    .addColumn('recorded_by', 'text', (column) => column.notNull())
    .addColumn('recorded_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('agreements_pk', ['organisation_id', 'agreement'])
    .execute();
  await schema.createTable('entitlements')
    .addColumn('organisation_id', 'text', (column) => column.notNull().references('organisations.id').onDelete('cascade'))
    .addColumn('application', 'text', (column) => column.notNull())
    .addColumn('role', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('entitlements_pk', ['organisation_id', 'application', 'role'])
    .execute();
}

async function memberships(schema: Schema): Promise<void> {
  await schema.createTable('memberships')
    .addColumn('id', 'text', (column) => column.notNull().primaryKey())
    .addColumn('account_id', 'text', (column) => column.notNull().references('accounts.id').onDelete('cascade'))
    .addColumn('organisation_id', 'text', (column) => column.notNull().references('organisations.id'))
    .addColumn('tier', 'text', (column) => column.notNull())
    .addColumn('status', 'text', (column) => column.notNull())
    .addColumn('registered_at', 'bigint', (column) => column.notNull())
    .addColumn('verified_at', 'bigint')
    .addUniqueConstraint('memberships_account_organisation', ['account_id', 'organisation_id'])
    .execute();
  await schema.createIndex('memberships_organisation').on('memberships').columns(['organisation_id', 'status', 'tier']).execute();
  await schema.createTable('role_assignments')
    .addColumn('membership_id', 'text', (column) => column.notNull().references('memberships.id').onDelete('cascade'))
    .addColumn('application', 'text', (column) => column.notNull())
    .addColumn('role', 'text', (column) => column.notNull())
    .addColumn('assigned_by', 'text', (column) => column.notNull())
    .addColumn('assigned_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('role_assignments_pk', ['membership_id', 'application', 'role'])
    .execute();
  await schema.createTable('verification_codes')
    .addColumn('id', 'text', (column) => column.notNull().primaryKey())
    .addColumn('membership_id', 'text', (column) => column.notNull().references('memberships.id').onDelete('cascade'))
    .addColumn('tier', 'text', (column) => column.notNull())
    .addColumn('hash', 'text', (column) => column.notNull())
    .addColumn('tries', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('max_tries', 'integer', (column) => column.notNull())
    .addColumn('issued_by', 'text', (column) => column.notNull())
    .addColumn('issued_at', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .addColumn('closed_at', 'bigint')
    .addColumn('close_reason', 'text')
    .execute();
  await schema.createIndex('verification_codes_membership').on('verification_codes').columns(['membership_id', 'issued_at']).execute();
  // at most one open code per registration
  await schema.createIndex('verification_codes_open').unique().on('verification_codes').column('membership_id')
    .where(sql.ref('closed_at'), 'is', null).execute();
}

async function logins(schema: Schema): Promise<void> {
  await schema.createTable('logins')
    .addColumn('scope', 'text', (column) => column.notNull())
    .addColumn('username', 'text', (column) => column.notNull())
    .addColumn('account_id', 'text', (column) => column.notNull().references('accounts.id').onDelete('cascade'))
    .addPrimaryKeyConstraint('logins_pk', ['scope', 'username'])
    .execute();
  await schema.createIndex('logins_account').on('logins').column('account_id').execute();
  await schema.createTable('passwords')
    .addColumn('account_id', 'text', (column) => column.notNull().primaryKey().references('accounts.id').onDelete('cascade'))
    .addColumn('hash', 'text', (column) => column.notNull())
    .addColumn('changed_at', 'bigint', (column) => column.notNull())
    .addColumn('one_time', 'integer', (column) => column.notNull().defaultTo(0))
    .execute();
  await schema.createTable('broker_identities')
    .addColumn('broker_id', 'text', (column) => column.notNull())
    .addColumn('acting_subject', 'text', (column) => column.notNull())
    .addColumn('organisation_id', 'text', (column) => column.notNull().references('organisations.id'))
    .addColumn('account_id', 'text', (column) => column.notNull().references('accounts.id').onDelete('cascade'))
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('last_seen_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('broker_identities_pk', ['broker_id', 'acting_subject', 'organisation_id'])
    .execute();
  await schema.createIndex('broker_identities_account').on('broker_identities').column('account_id').execute();
}

async function runs(schema: Schema): Promise<void> {
  await schema.createTable('runs')
    .addColumn('id', 'text', (column) => column.notNull().primaryKey())
    .addColumn('flow', 'text', (column) => column.notNull())
    .addColumn('portal', 'text', (column) => column.notNull())
    .addColumn('client_id', 'text', (column) => column.notNull())
    .addColumn('request', 'text', (column) => column.notNull())
    .addColumn('version', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('journal', 'text', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('notice', 'text')
    .addColumn('account_id', 'text')
    .addColumn('organisation_id', 'text')
    .addColumn('status', 'text', (column) => column.notNull())
    .addColumn('end_code', 'text')
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .execute();
  await schema.createIndex('runs_expires_at').on('runs').column('expires_at').execute();
  await schema.createTable('tickets')
    .addColumn('hash', 'text', (column) => column.notNull().primaryKey())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('run_id', 'text')
    .addColumn('payload', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .addColumn('used_at', 'bigint')
    .execute();
  await schema.createIndex('tickets_expires_at').on('tickets').column('expires_at').execute();
}

async function sessions(schema: Schema): Promise<void> {
  await schema.createTable('sessions')
    .addColumn('id', 'text', (column) => column.notNull().primaryKey())
    .addColumn('account_id', 'text', (column) => column.notNull().references('accounts.id').onDelete('cascade'))
    .addColumn('organisation_id', 'text', (column) => column.references('organisations.id'))
    .addColumn('proofs', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('last_active_at', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .execute();
  await schema.createIndex('sessions_account').on('sessions').column('account_id').execute();
  await schema.createIndex('sessions_expires_at').on('sessions').column('expires_at').execute();
  await schema.createTable('face_sessions')
    .addColumn('hash', 'text', (column) => column.notNull().primaryKey())
    .addColumn('face', 'text', (column) => column.notNull())
    .addColumn('account_id', 'text', (column) => column.notNull().references('accounts.id').onDelete('cascade'))
    .addColumn('organisation_id', 'text', (column) => column.notNull().references('organisations.id'))
    .addColumn('session_id', 'text', (column) => column.notNull())
    .addColumn('grant_id', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('last_active_at', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .execute();
  await schema.createIndex('face_sessions_session').on('face_sessions').column('session_id').execute();
  await schema.createIndex('face_sessions_expires_at').on('face_sessions').column('expires_at').execute();
}

async function protocol(schema: Schema): Promise<void> {
  // written before its session in the request of a login; what ends a session removes its grants (store/sessions.ts)
  await schema.createTable('grants')
    .addColumn('id', 'text', (column) => column.notNull().primaryKey())
    .addColumn('session_id', 'text', (column) => column.notNull())
    .addColumn('account_id', 'text', (column) => column.notNull().references('accounts.id').onDelete('cascade'))
    .addColumn('client_id', 'text', (column) => column.notNull())
    .addColumn('organisation_id', 'text', (column) => column.references('organisations.id'))
    .addColumn('acr', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .execute();
  await schema.createIndex('grants_session').on('grants').columns(['session_id', 'client_id', 'organisation_id']).execute();
  await schema.createTable('documents')
    .addColumn('model', 'text', (column) => column.notNull())
    .addColumn('id', 'text', (column) => column.notNull())
    .addColumn('payload', 'text', (column) => column.notNull())
    .addColumn('grant_id', 'text')
    .addColumn('uid', 'text')
    .addColumn('user_code', 'text')
    .addColumn('consumed_at', 'bigint')
    .addColumn('expires_at', 'bigint')
    .addUniqueConstraint('documents_model_id', ['model', 'id'])
    .execute();
  for (const column of ['uid', 'grant_id', 'user_code', 'expires_at']) {
    await schema.createIndex(`documents_${column}`).on('documents').column(column).where(sql.ref(column), 'is not', null).execute();
  }
  await schema.createTable('clients')
    .addColumn('client_id', 'text', (column) => column.notNull().primaryKey())
    .addColumn('portal', 'text', (column) => column.notNull())
    .addColumn('metadata', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('updated_at', 'bigint', (column) => column.notNull())
    .execute();
}

async function messages(schema: Schema): Promise<void> {
  await schema.createTable('outbox')
    .addColumn('id', 'text', (column) => column.notNull().primaryKey())
    .addColumn('channel', 'text', (column) => column.notNull())
    .addColumn('recipient', 'text', (column) => column.notNull())
    .addColumn('subject', 'text', (column) => column.notNull())
    .addColumn('text', 'text', (column) => column.notNull())
    .addColumn('html', 'text')
    .addColumn('code', 'text')
    .addColumn('links', 'text', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('attempts', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('next_at', 'bigint', (column) => column.notNull())
    .addColumn('error', 'text')
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('sent_at', 'bigint')
    .execute();
  await schema.createIndex('outbox_due').on('outbox').columns(['state', 'next_at']).execute();
  await schema.createIndex('outbox_created_at').on('outbox').column('created_at').execute();
}

/** No foreign keys: the trail outlives what it is about. */
async function audit(schema: Schema, dialect: 'sqlite' | 'postgres'): Promise<void> {
  const table = schema.createTable('audit');
  const numbered = dialect === 'postgres'
    ? table.addColumn('seq', 'bigint', (column) => column.generatedAlwaysAsIdentity().primaryKey())
    : table.addColumn('seq', 'integer', (column) => column.primaryKey().autoIncrement());
  await numbered
    .addColumn('id', 'text', (column) => column.notNull().unique())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('event', 'text', (column) => column.notNull())
    .addColumn('action', 'text', (column) => column.notNull())
    .addColumn('outcome', 'text', (column) => column.notNull())
    .addColumn('reason', 'text')
    .addColumn('actor', 'text', (column) => column.notNull())
    .addColumn('organisation_id', 'text')
    .addColumn('object_type', 'text')
    .addColumn('object_id', 'text')
    .addColumn('client_id', 'text')
    .addColumn('run_id', 'text')
    .addColumn('address', 'text')
    .addColumn('detail', 'text', (column) => column.notNull())
    .execute();
  await schema.createIndex('audit_organisation').on('audit').columns(['organisation_id', 'seq']).execute();
  await schema.createIndex('audit_event').on('audit').columns(['event', 'seq']).execute();
  await schema.createIndex('audit_run').on('audit').columns(['run_id', 'seq']).execute();
}

async function limits(schema: Schema): Promise<void> {
  await schema.createTable('counters')
    .addColumn('key', 'text', (column) => column.notNull().primaryKey())
    .addColumn('count', 'integer', (column) => column.notNull())
    .addColumn('resets_at', 'bigint', (column) => column.notNull())
    .execute();
  await schema.createIndex('counters_resets_at').on('counters').column('resets_at').execute();
  await schema.createTable('replays')
    .addColumn('id', 'text', (column) => column.notNull().primaryKey())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .execute();
  await schema.createIndex('replays_expires_at').on('replays').column('expires_at').execute();
}
