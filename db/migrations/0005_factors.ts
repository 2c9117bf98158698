import { sql, type ColumnDefinitionBuilder, type Kysely, type Migration } from 'kysely';

const required = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder => column.notNull();
const none = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder => column.notNull().defaultTo(0);
const ofAccount = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder => column.notNull().references('accounts.id').onDelete('cascade');
const ofMembership = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder => column.notNull().references('memberships.id').onDelete('cascade');

/** Local accounts with everything around a password: second factors, activation, secret questions, and an end. */
export const factors: Migration = {
  async up(db: Kysely<unknown>) {
    await accountColumns(db);
    await passwordHistory(db);
    await secondFactors(db);
    await codes(db);
    await restOfAccounts(db);
  },
};

async function accountColumns({ schema }: Kysely<unknown>): Promise<void> {
  await schema.alterTable('counters').addColumn('opens_at', 'bigint', none).execute();
  // hashes made elsewhere are few, or none: are there any?
  await schema.createIndex('passwords_foreign').on('passwords').column('account_id').where(sql<boolean>`hash not like '$argon2%'`).execute();
  await schema.createIndex('accounts_email').on('accounts').expression(sql`lower(email)`).execute();
  await schema.alterTable('accounts').addColumn('must_activate', 'integer', none).execute();
  for (const column of ['ended_at', 'purged_at', 'reopened_at'] as const) await schema.alterTable('accounts').addColumn(column, 'bigint').execute();
  await schema.alterTable('accounts').addColumn('end_reason', 'text').execute();
}

async function passwordHistory({ schema }: Kysely<unknown>): Promise<void> {
  await schema.createTable('password_history')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('account_id', 'text', ofAccount)
    .addColumn('hash', 'text', required)
    .addColumn('replaced_at', 'bigint', required)
    .execute();
  await schema.createIndex('password_history_account').on('password_history').columns(['account_id', 'replaced_at']).execute();
}

async function secondFactors({ schema }: Kysely<unknown>): Promise<void> {
  await schema.createTable('factors')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('account_id', 'text', ofAccount)
    .addColumn('kind', 'text', (column) => column.notNull().check(sql`kind in ('totp', 'sms')`))
    .addColumn('secret', 'text', required)
    .addColumn('created_at', 'bigint', required)
    .addColumn('last_used_at', 'bigint')
    .addColumn('last_step', 'bigint')
    .addUniqueConstraint('factors_kind', ['account_id', 'kind'])
    .execute();
  await schema.createTable('recovery_codes')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('account_id', 'text', ofAccount)
    .addColumn('hash', 'text', required)
    .addColumn('created_at', 'bigint', required)
    .addColumn('used_at', 'bigint')
    .execute();
  await schema.createIndex('recovery_codes_account').on('recovery_codes').column('account_id').execute();
}

async function codes({ schema }: Kysely<unknown>): Promise<void> {
  await schema.createTable('sent_codes')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('purpose', 'text', required)
    .addColumn('account_id', 'text', ofAccount)
    .addColumn('hash', 'text', required)
    .addColumn('tries', 'integer', none)
    .addColumn('max_tries', 'integer', required)
    .addColumn('issued_at', 'bigint', required)
    .addColumn('expires_at', 'bigint', required)
    .addColumn('closed_at', 'bigint')
    .addColumn('close_reason', 'text')
    .execute();
  await schema.createIndex('sent_codes_purpose').on('sent_codes').columns(['purpose', 'issued_at']).execute();
  await schema.createIndex('sent_codes_expires_at').on('sent_codes').column('expires_at').execute();
  await schema.createTable('activation_codes')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('account_id', 'text', ofAccount)
    .addColumn('hash', 'text', required)
    .addColumn('tries', 'integer', none)
    .addColumn('max_tries', 'integer', required)
    .addColumn('channel', 'text', required)
    .addColumn('message_id', 'text')
    .addColumn('issued_by', 'text', required)
    .addColumn('issued_at', 'bigint', required)
    .addColumn('expires_at', 'bigint', required)
    .addColumn('closed_at', 'bigint')
    .addColumn('close_reason', 'text')
    .execute();
  await schema.createIndex('activation_codes_open').on('activation_codes').column('account_id').unique().where(sql.ref('closed_at'), 'is', null).execute();
  await schema.createIndex('activation_codes_closed_at').on('activation_codes').column('closed_at').execute();
}

async function restOfAccounts({ schema }: Kysely<unknown>): Promise<void> {
  await schema.createTable('security_answers')
    .addColumn('account_id', 'text', ofAccount)
    .addColumn('question', 'text', required)
    .addColumn('hash', 'text', required)
    .addColumn('set_at', 'bigint', required)
    .addPrimaryKeyConstraint('security_answers_pk', ['account_id', 'question'])
    .execute();
  await schema.createTable('notices')
    .addColumn('account_id', 'text', ofAccount)
    .addColumn('kind', 'text', required)
    .addColumn('about', 'text', required)
    .addColumn('told_at', 'bigint', required)
    .addPrimaryKeyConstraint('notices_pk', ['account_id', 'kind', 'about'])
    .execute();
  await schema.createTable('application_accounts')
    .addColumn('membership_id', 'text', ofMembership)
    .addColumn('application', 'text', required)
    .addColumn('type', 'text', required)
    .addColumn('value', 'text', required)
    .addPrimaryKeyConstraint('application_accounts_pk', ['membership_id', 'application', 'type', 'value'])
    .execute();
}
