import { join } from 'node:path';
import type { System } from './schema.ts';

/** Where a realm's data is: its own schema on PostgreSQL, or its own SQLite file. */
export function databaseOptions(system: System, realmId: string): { url: string; schema: string } | { file: string } {
  return system.database_url ? { url: system.database_url, schema: realmId } : { file: join(system.data, `${realmId}.sqlite`) };
}
