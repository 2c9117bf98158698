import { sql, type ColumnDefinitionBuilder, type Kysely, type Migration } from 'kysely';

const required = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder => column.notNull();

/** Passkeys (WebAuthn): as many as somebody likes, each with the public half of its key. */
export const passkeys: Migration = {
  async up({ schema }: Kysely<unknown>) {
    await schema.createTable('passkeys')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('account_id', 'text', (column) => column.notNull().references('accounts.id').onDelete('cascade'))
      .addColumn('credential_id', 'text', (column) => column.notNull().unique())
      .addColumn('public_key', 'text', required)
      .addColumn('counter', 'bigint', required)
      .addColumn('transports', 'text', required)
      .addColumn('name', 'text', required)
      .addColumn('device', 'text', (column) => column.notNull().check(sql`device in ('single', 'multi')`))
      .addColumn('backed_up', 'integer', required)
      .addColumn('created_at', 'bigint', required)
      .addColumn('last_used_at', 'bigint')
      .addColumn('blocked_at', 'bigint')
      .execute();
    await schema.createIndex('passkeys_account').on('passkeys').column('account_id').execute();
  },
};
