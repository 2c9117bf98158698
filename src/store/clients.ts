import type { Insertable, Selectable } from 'kysely';
import { recalled } from './prepared.ts';
import type { Db, Tables } from './schema.ts';

export type ClientRow = Selectable<Tables['clients']>;

/** Registers a client, or replaces its metadata. */
export async function putClient(tx: Db, row: Insertable<Tables['clients']>): Promise<void> {
  const { portal, metadata, updated_at } = row;
  await tx.insertInto('clients').values(row)
    .onConflict((conflict) => conflict.column('client_id').doUpdateSet({ portal, metadata, updated_at })).execute();
}

const byId = recalled((db, given) => db.selectFrom('clients').selectAll().where('client_id', '=', given('id')), ([row]) => row);

export async function findClient(db: Db, id: string): Promise<ClientRow | undefined> {
  return byId(db, { id });
}

export async function listClients(db: Db): Promise<ClientRow[]> {
  return db.selectFrom('clients').selectAll().orderBy('client_id').execute();
}

/** @returns false when there was none */
export async function deleteClient(tx: Db, id: string): Promise<boolean> {
  const result = await tx.deleteFrom('clients').where('client_id', '=', id).executeTakeFirst();
  return result.numDeletedRows > 0n;
}
