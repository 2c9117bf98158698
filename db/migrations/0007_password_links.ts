import { sql, type Kysely, type Migration } from 'kysely';

/** What a message says that lets somebody in is forgotten once it was sent: a link as well as a code. */
export const passwordLinks: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema.alterTable('outbox').addColumn('secret', 'integer', (column) => column.notNull().defaultTo(0)).execute();
    await sql`update outbox set secret = 1 where code is not null`.execute(db);
  },
};
