import type { Realm } from '../config/schema.ts';
import { findAccount } from '../store/accounts.ts';
import { appendAudit } from '../store/audit.ts';
import { findByNames, holdsPassword, replaceHash, type TypedNames } from '../store/logins.ts';
import { findOrganisationByIdentifier } from '../store/organisations.ts';
import { listMembershipsOf } from '../store/memberships.ts';
import type { Db } from '../store/schema.ts';
import { endOfPassword } from './credentials.ts';
import { guessesOf } from './guesses.ts';
import { knownBrowser } from './known-browser.ts';
import { nobodyCalled } from './login-names.ts';
import { tellPerson } from './notify.ts';
import { judgePassword, type Authenticated } from './passwords/authenticate.ts';
import { TooBusy } from './passwords/gate.ts';
import { forgiveTries, guessing, takeGuess, takeTry } from './throttle.ts';
import type { Vault } from './vault.ts';

// successes count too, and a whole town hall shares an address: wide, so that it stops machines and not mornings
const perAddress = { limit: 1000, window: 900 };
/** At this many guesses in a row the owner is told, once: from here on the wait is the longest. */
const TOLD_AT = guessing.waits.length;

export type TypedLogin = { names: TypedNames; password: string; address: string; /** what this browser kept of an earlier login */ browser?: string };

export type LocalLogin =
  | { kind: 'right'; accountId: string; organisationId?: string; keep: (tx: Db) => Promise<boolean> }
  /** `one_time_expired`: the right one-time password, too late */
  | { kind: 'wrong' | 'busy' | 'one_time_expired' }
  | { kind: 'wait'; seconds: number };

/**
 * Checks names and a password (row CAK-1). One answer and one time for every failure; the tries are taken before the check: for
 * each account, whichever of its names was typed, or each name that nobody has; and for each address. A browser that the
 * person logged in with before has tries of its own. `keep` is false when the password was replaced since it was judged;
 * it puts another hash in place of one that was made elsewhere or with other settings.
 */
export async function checkLogin({ db, realm, vault, now }: { db: Db; realm: Realm; vault: Vault; now: number }, typed: TypedLogin): Promise<LocalLogin> {
  const { names } = typed;
  const found = await findByNames(db, names);
  const owner = found?.accountId ?? nobodyCalled(names);
  const browser = knownBrowser(vault, typed.browser, owner);
  const key = browser === undefined ? guessesOf(owner) : `${guessesOf(owner)}:${browser}`;
  const guess = await takeGuess(db, key, now);
  const addressTry = await takeTry(db, `password@${typed.address}`, perAddress, now);
  if (!guess.allowed) return { kind: 'wait', seconds: guess.retryAfter };
  if (!addressTry.allowed) return { kind: 'wait', seconds: addressTry.retryAfter };
  try {
    const told = guess.count === TOLD_AT && found && browser === undefined ? tellOwner(db, realm, found.accountId, now) : undefined;
    const [right] = await Promise.all([judgePassword(db, realm.login.argon2, found, typed.password), told]);
    if (!right) return { kind: 'wrong' };
    await forgiveTries(db, key);
    return await admitted(db, realm, right, names.scope, now);
  } catch (error) {
    if (error instanceof TooBusy) return { kind: 'busy' };
    throw error;
  }
}

/** What a form says of a login that was not right: the same of every name. */
export function problemOfLogin(login: Exclude<LocalLogin, { kind: 'right' }>): { code: string; params?: { minutes: number } } {
  if (login.kind === 'wait') return { code: 'password.wait', params: { minutes: Math.ceil(login.seconds / 60) } };
  return { code: `password.${login.kind}` };
}

async function admitted(db: Db, realm: Realm, { accountId, oneTime, changedAt, hash, rehash }: Authenticated, scope: string, now: number): Promise<LocalLogin> {
  if (oneTime && (endOfPassword(realm, { oneTime, changedAt }).expiresAt ?? Infinity) <= now) return { kind: 'one_time_expired' };
  const organisationId = await organisationOf(db, accountId, scope);
  return {
    kind: 'right', accountId, ...(organisationId && { organisationId }),
    keep: async (tx) => {
      // of two logins that make the hash anew at once, both are right
      if (!await holdsPassword(tx, accountId, rehash ? { changedAt } : { hash })) return false;
      if (rehash) await replaceHash(tx, { accountId, from: hash, ...rehash });
      return true;
    },
  };
}

/** The organisation of the relation number typed; without one, the only organisation of the person. */
export async function organisationOf(db: Db, accountId: string, scope: string): Promise<string | undefined> {
  if (scope !== '') return (await findOrganisationByIdentifier(db, 'relation_number', scope))?.id;
  const memberships = await listMembershipsOf(db, accountId);
  return memberships.length === 1 ? memberships[0]?.organisation_id : undefined;
}

/** While the hash is made, so that it takes no time of its own. */
async function tellOwner(db: Db, realm: Realm, accountId: string, now: number): Promise<void> {
  const account = await findAccount(db, accountId);
  if (account) await tellPerson(db, realm, account, { message: 'login_attempts', now });
  await appendAudit(db, { event: 'password.guessed', action: 'E', outcome: 'refused', actor: { kind: 'system', id: 'throttle' }, objectType: 'account', objectId: accountId, detail: { guesses: TOLD_AT }, now });
}
