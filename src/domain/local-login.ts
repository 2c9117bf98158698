import type { Realm } from '../config/schema.ts';
import { findOrganisationByIdentifier } from '../store/organisations.ts';
import { listMembershipsOf } from '../store/memberships.ts';
import { putPassword } from '../store/accounts.ts';
import type { Db } from '../store/schema.ts';
import { authenticate } from './passwords/authenticate.ts';
import { TooBusy } from './passwords/gate.ts';
import { forgiveTries, takeTry } from './throttle.ts';

/** Tries per login name and per address. By time, never for good: or anyone could lock anyone out. */
const perName = { limit: 10, window: 900 };
// successes count too, and a whole town hall shares an address: wide, so that it stops machines and not mornings
const perAddress = { limit: 1000, window: 900 };

export type LocalLogin =
  | { kind: 'right'; accountId: string; organisationId?: string; keep: (tx: Db) => Promise<void> }
  | { kind: 'wrong' }
  | { kind: 'wait'; seconds: number }
  | { kind: 'busy' };

/**
 * Checks a login name and password (row CAK-1). One answer for every failure; the tries are taken before the check.
 * `keep` replaces a hash that was made with other settings.
 */
export async function checkLogin(db: Db, realm: Realm, typed: { relationNumber: string; username: string; password: string; address: string }, now: number): Promise<LocalLogin> {
  const scope = realm.login.identifiers.includes('relation_number') ? typed.relationNumber : '';
  const name = `password:${scope}:${typed.username.toLowerCase()}`;
  const tries = [await takeTry(db, name, perName, now), await takeTry(db, `password@${typed.address}`, perAddress, now)];
  const refused = tries.filter((t) => !t.allowed);
  if (refused.length > 0) return { kind: 'wait', seconds: Math.max(...refused.map((t) => t.retryAfter)) };
  try {
    const found = await authenticate(db, realm.login.argon2, { scope, username: typed.username, password: typed.password });
    if (!found) return { kind: 'wrong' };
    await forgiveTries(db, name);
    const organisationId = await organisationOf(db, found.accountId, scope);
    return {
      kind: 'right', accountId: found.accountId, ...(organisationId && { organisationId }),
      keep: async (tx) => {
        if (found.rehash) await putPassword(tx, { account_id: found.accountId, hash: found.rehash, changed_at: now, one_time: 0 });
      },
    };
  } catch (error) {
    if (error instanceof TooBusy) return { kind: 'busy' };
    throw error;
  }
}

/** The organisation of the relation number typed; without one, the only organisation of the person. */
async function organisationOf(db: Db, accountId: string, scope: string): Promise<string | undefined> {
  if (scope !== '') return (await findOrganisationByIdentifier(db, 'relation_number', scope))?.id;
  const memberships = await listMembershipsOf(db, accountId);
  return memberships.length === 1 ? memberships[0]?.organisation_id : undefined;
}
