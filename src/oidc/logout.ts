import type { Provider } from 'oidc-provider';
import { endSession } from '../domain/sessions.ts';
import type { Database } from '../store/database.ts';

/**
 * When the provider ends its session (logout, somebody else at the same browser), ours and everything behind it ends in
 * one transaction before the answer: grants, tokens, pages of our own, notices to clients.
 */
export function endSessionsWith(provider: Provider, { database, clock }: { database: Database; clock: () => number }): void {
  const destroy = provider.Session.prototype.destroy;
  provider.Session.prototype.destroy = async function endEverything(this: InstanceType<Provider['Session']>) {
    const { uid, accountId } = this;
    if (accountId !== undefined) {
      await database.transaction((tx) => endSession(tx, uid, { reason: 'logout', actor: { kind: 'person', id: accountId }, now: clock() }));
    }
    await destroy.call(this);
  };
}
