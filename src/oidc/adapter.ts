import { errors, type Adapter, type AdapterPayload } from 'oidc-provider';
import { findClient } from '../store/clients.ts';
import type { Database } from '../store/database.ts';
import { createDocuments } from '../store/documents.ts';
import { write } from './unit.ts';

/** Kept this long past expiry, because the provider allows that much difference between clocks (seconds). */
const clockTolerance = 15;

/** Seen before: a second insert of the same id is a replay, never an update. */
const once = new Set(['ReplayDetection']);

/**
 * The provider's storage on our tables. `consume` is conditional and replay records are insert-only: of fifty parallel
 * redemptions of one code or refresh token exactly one succeeds.
 */
export function createAdapterFactory(database: Database, clock: () => number, withDefaults: (client: AdapterPayload) => AdapterPayload = (client) => client): (model: string) => Adapter {
  const documents = createDocuments(database);
  return (model) => ({
    upsert(id, payload, expiresIn) {
      const expiresAt = expiresIn === undefined ? undefined : clock() + expiresIn + clockTolerance;
      const copy = { ...payload };
      if (!once.has(model)) return write(database, (on) => documents.upsert(model, id, copy, expiresAt, on));
      return write(database, async (on) => {
        if (!await documents.insert(model, id, copy, expiresAt, on)) throw new errors.InvalidGrant('seen before');
      });
    },
    async find(id) {
      // whoever made this up asked for nothing that there is; PostgreSQL would fail at the question itself
      if (id.includes('\u0000')) return undefined;
      if (model === 'Client') {
        const client = await storedClient(database, id);
        return client && withDefaults(client);
      }
      return documents.find(model, id) as Promise<AdapterPayload | undefined>;
    },
    findByUid: (uid) => documents.findByUid(model, uid) as Promise<AdapterPayload | undefined>,
    findByUserCode: (code) => documents.findByUserCode(model, code) as Promise<AdapterPayload | undefined>,
    consume: (id) => write(database, async (on) => {
      if (!await documents.consume(model, id, clock(), on)) throw new errors.InvalidGrant('already used');
    }),
    destroy: (id) => write(database, (on) => documents.destroy(model, id, on)),
    revokeByGrantId: (grantId) => write(database, (on) => documents.revokeByGrantId(model, grantId, on)),
  });
}

async function storedClient(database: Database, id: string): Promise<AdapterPayload | undefined> {
  const row = await findClient(database.db, id);
  return row && { ...(JSON.parse(row.metadata) as AdapterPayload), client_id: row.client_id, portal: row.portal };
}
