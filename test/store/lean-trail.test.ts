import { describe, expect, test } from '@jest/globals';
import { Migrator } from 'kysely';
import { migrations } from '../../db/migrations/index.ts';
import { appendAudit, listAudit } from '../../src/store/audit.ts';
import { sealBatch } from '../../src/store/audit-chain.ts';
import { hasSeal, verifyChain } from '../../src/store/audit-verify.ts';
import { migrate, type Database } from '../../src/store/database.ts';
import { dialects } from '../support/databases.ts';
import { NOON } from '../support/rows.ts';

/** As it was before one migration. */
async function migrateBefore({ db, dialect, schema }: Database, name: string): Promise<void> {
  const before = Object.fromEntries(Object.entries(migrations(dialect)).filter(([each]) => each < name));
  if (schema !== undefined) await db.schema.createSchema(schema).ifNotExists().execute();
  const migrator = new Migrator({ db, provider: { getMigrations: async () => before }, ...(schema !== undefined && { migrationTableSchema: schema }) });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) throw error;
}

describe.each(dialects)('migration 0012_lean_trail on $name', ({ open }) => {
  test('a trail of before is whole after it: its seals, what waits for one, and what comes then', async () => {
    const { database, drop } = await open({ empty: true });
    await migrateBefore(database, '0012');
    const write = (event: string, organisationId?: string) => appendAudit(database.db, { event, action: 'U', outcome: 'success', actor: { kind: 'system', id: 's' }, now: NOON, ...(organisationId && { organisationId }) });
    for (const event of ['one', 'two', 'three']) await write(event, event === 'two' ? 'o' : undefined);
    expect(await sealBatch(database, 2, NOON)).toBe(2);
    const before = await verifyChain(database);
    expect(before).toMatchObject({ ok: true, sealed: 2, unsealed: 1 });
    expect(await migrate(database)).toEqual(['0012_lean_trail']);
    expect(await verifyChain(database)).toEqual(before);
    await write('four', 'o');
    expect(await sealBatch(database, 10, NOON)).toBe(2);
    expect(await verifyChain(database)).toMatchObject({ ok: true, sealed: 4, unsealed: 0 });
    expect(await hasSeal(database, before.ok ? before.head : '')).toBe(true);
    expect((await listAudit(database.db, { organisationId: 'o' })).map(({ event }) => event)).toEqual(['four', 'two']);
    await drop();
  });
});
