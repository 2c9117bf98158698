import type { Kysely, Migration } from 'kysely';

/** Sessions that end by themselves and tell the clients they served; organisations that ask a level of their own. */
export const sessions: Migration = {
  async up({ schema }: Kysely<unknown>) {
    await schema.createTable('session_clients')
      .addColumn('session_id', 'text', (column) => column.notNull().references('sessions.id').onDelete('cascade'))
      .addColumn('client_id', 'text', (column) => column.notNull())
      .addColumn('sid', 'text', (column) => column.notNull())
      .addColumn('logout_uri', 'text')
      .addColumn('since', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('session_clients_pk', ['session_id', 'client_id'])
      .execute();
    await schema.createIndex('sessions_last_active_at').on('sessions').column('last_active_at').execute();
    await schema.alterTable('organisations').addColumn('minimum_level', 'text').execute();
  },
};
