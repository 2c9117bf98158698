import { sql, type CreateTableBuilder, type Kysely, type Migration, type SchemaModule } from 'kysely';

type Dialect = 'sqlite' | 'postgres';

/** Most rows of the trail are of no run, and those of programs of no person: what an index need not hold, no commit writes. */
const indexes = { audit_account: ['account_id', 'event', 'seq'], audit_organisation: ['organisation_id', 'seq'], audit_run: ['run_id', 'seq'] };

/** Fewer pages to write for each token: what every request writes stands in as few trees as it can be found by. */
export function leanTrail(dialect: Dialect): Migration {
  return {
    async up(db: Kysely<unknown>) {
      for (const [name, columns] of Object.entries(indexes)) {
        await db.schema.dropIndex(name).execute();
        await db.schema.createIndex(name).on('audit').columns(columns).where(columns[0] as never, 'is not', null as never).execute();
      }
      if (dialect === 'postgres') await sql`alter table audit_seals drop constraint audit_seals_hash_key`.execute(db);
      else await rebuild(db);
    },
  };
}

/** SQLite keeps a table beside its key unless the key is the table, and takes no constraint away. */
async function rebuild(db: Kysely<unknown>): Promise<void> {
  await again(db, 'audit_unsealed', (schema, name) => schema.createTable(name).addColumn('audit_id', 'text', (column) => column.notNull().primaryKey()).modifyEnd(sql`without rowid`));
  // the chain itself says whether a hash stands twice; an index of hashes is written all over
  await again(db, 'audit_seals', (schema, name) => schema.createTable(name)
    .addColumn('position', 'integer', (column) => column.notNull().primaryKey()).addColumn('audit_id', 'text', (column) => column.notNull().unique())
    .addColumn('hash', 'text', (column) => column.notNull()).addColumn('sealed_at', 'bigint', (column) => column.notNull()));
}

async function again(db: Kysely<unknown>, table: string, make: (schema: SchemaModule, name: string) => CreateTableBuilder<string, string>): Promise<void> {
  await db.schema.alterTable(table).renameTo(`${table}_before`).execute();
  await make(db.schema, table).execute();
  await sql`insert into ${sql.table(table)} select * from ${sql.table(`${table}_before`)}`.execute(db);
  await db.schema.dropTable(`${table}_before`).execute();
}
