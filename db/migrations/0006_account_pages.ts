import type { ColumnDefinitionBuilder, Kysely, Migration } from 'kysely';

const required = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder => column.notNull();

/**
 * What the account pages need: rows of the trail say whose account they are about (those of before keep nothing in it,
 * which the chain leaves out), and a session of our own pages may be for no organisation. Such sessions begin anew.
 */
export const accountPages: Migration = {
  async up({ schema }: Kysely<unknown>) {
    await schema.alterTable('audit').addColumn('account_id', 'text').execute();
    await schema.createIndex('audit_account').on('audit').columns(['account_id', 'event', 'seq']).execute();
    await schema.dropTable('face_sessions').execute();
    await schema.createTable('face_sessions')
      .addColumn('hash', 'text', (column) => column.notNull().primaryKey())
      .addColumn('face', 'text', required)
      .addColumn('account_id', 'text', (column) => column.notNull().references('accounts.id').onDelete('cascade'))
      .addColumn('organisation_id', 'text', (column) => column.references('organisations.id'))
      .addColumn('session_id', 'text', required)
      .addColumn('grant_id', 'text', required)
      .addColumn('created_at', 'bigint', required)
      .addColumn('last_active_at', 'bigint', required)
      .addColumn('expires_at', 'bigint', required)
      .execute();
    await schema.createIndex('face_sessions_session').on('face_sessions').column('session_id').execute();
    await schema.createIndex('face_sessions_expires_at').on('face_sessions').column('expires_at').execute();
  },
};
