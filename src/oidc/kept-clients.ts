import type { Client, Provider } from 'oidc-provider';
import type { Realm } from '../config/schema.ts';
import { findClient } from '../store/clients.ts';
import type { Database } from '../store/database.ts';
import { clientsOf } from './clients.ts';

type Kept = { metadata: string; portal: string; client: Client };

/** More clients than this are read anew now and then. */
const LIMIT = 1000;

/**
 * Clients that are registered in the database are checked and built once for each form their row has had. The row itself
 * is read at each request, so that a change, a new secret or a removal counts at once, on every node. The library would
 * parse, write out and hash it each time to find the client that it built before.
 */
export function keepClients(provider: Provider, realm: Realm, { db }: Pick<Database, 'db'>): void {
  const library = provider.Client as { find(id: string): Promise<Client | undefined> };
  const build = library.find.bind(provider.Client);
  const fromFiles = new Set(clientsOf(realm).map(({ client_id }) => client_id));
  const kept = new Map<string, Kept>();
  library.find = async (id) => {
    // the library keeps those of the files; and whoever made such an id up asked for nothing that there is
    if (fromFiles.has(id) || typeof id !== 'string' || id.includes('\u0000')) return build(id);
    const row = await findClient(db, id);
    const known = kept.get(id);
    if (row && known?.metadata === row.metadata && known.portal === row.portal) return known.client;
    kept.delete(id);
    // read once more there: when it changed in between, the next request sees that it differs from this row
    const client = row && await build(id);
    if (client) {
      if (kept.size >= LIMIT) kept.clear();
      kept.set(id, { metadata: row.metadata, portal: row.portal, client });
    }
    return client;
  };
}
