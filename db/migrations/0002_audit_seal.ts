import type { Kysely, Migration } from 'kysely';

type Trail = {
  audit: { id: string };
  audit_unsealed: { audit_id: string };
  audit_head: { id: number; position: number; hash: string };
};

/**
 * The chain of the audit trail stands beside it, so that a row of the trail is never written again. No foreign keys:
 * a row that was removed must still be missed.
 */
export const auditSeal: Migration = {
  async up(db: Kysely<unknown>) {
    const { schema } = db;
    await schema.createTable('audit_unsealed')
      .addColumn('audit_id', 'text', (column) => column.notNull().primaryKey())
      .execute();
    await schema.createTable('audit_seals')
      .addColumn('position', 'bigint', (column) => column.notNull().primaryKey())
      .addColumn('audit_id', 'text', (column) => column.notNull().unique())
      .addColumn('hash', 'text', (column) => column.notNull().unique())
      .addColumn('sealed_at', 'bigint', (column) => column.notNull())
      .execute();
    await schema.createTable('audit_head')
      .addColumn('id', 'integer', (column) => column.notNull().primaryKey())
      .addColumn('position', 'bigint', (column) => column.notNull())
      .addColumn('hash', 'text', (column) => column.notNull())
      .execute();
    const trail = db as Kysely<Trail>;
    await trail.insertInto('audit_head').values({ id: 1, position: 0, hash: '' }).execute();
    await trail.insertInto('audit_unsealed').columns(['audit_id']).expression(trail.selectFrom('audit').select('id')).execute();
  },
};
