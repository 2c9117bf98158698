import { errors, type Adapter, type AdapterPayload } from 'oidc-provider';
import { findClient } from '../store/clients.ts';
import type { Database } from '../store/database.ts';
import { createDocuments } from '../store/documents.ts';

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
    async upsert(id, payload, expiresIn) {
      const expiresAt = expiresIn === undefined ? undefined : clock() + expiresIn + clockTolerance;
      if (!once.has(model)) return documents.upsert(model, id, { ...payload }, expiresAt);
      if (!await documents.insert(model, id, { ...payload }, expiresAt)) throw new errors.InvalidGrant('seen before');
      return undefined;
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
    async consume(id) {
      if (!await documents.consume(model, id, clock())) throw new errors.InvalidGrant('already used');
    },
    destroy: (id) => documents.destroy(model, id),
    revokeByGrantId: (grantId) => documents.revokeByGrantId(model, grantId),
  });
}

async function storedClient(database: Database, id: string): Promise<AdapterPayload | undefined> {
  const row = await findClient(database.db, id);
  return row && { ...(JSON.parse(row.metadata) as AdapterPayload), client_id: row.client_id, portal: row.portal };
}
