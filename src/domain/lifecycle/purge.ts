import { appendAudit } from '../../store/audit.ts';
import { listMembershipsOf } from '../../store/memberships.ts';
import { listToPurge, purgeAccount } from '../../store/purge-account.ts';
import { endMembership } from '../memberships.ts';
import { statusesForGood } from './ended.ts';
import { DAY, type Round, type Task } from './task.ts';

/** Personal data of accounts that ended for good go `lifecycle.purge_after_days` later. */
export function purges({ realm, actor, now }: Round): Task[] {
  const after = realm.lifecycle.purge_after_days;
  if (after === undefined) return [];
  const which = { statuses: statusesForGood(realm), endedUntil: now - after * DAY };
  return [{
    name: 'purged',
    due: (db, stretch) => listToPurge(db, which, stretch),
    async act(tx, accountId) {
      if (!await purgeAccount(tx, accountId, { ...which, now })) return false;
      for (const { id } of await listMembershipsOf(tx, accountId)) await endMembership(tx, { membershipId: id, actor, now });
      await appendAudit(tx, { event: 'account.purged', action: 'D', outcome: 'success', actor, objectType: 'account', objectId: accountId, detail: { days: after }, now });
      return true;
    },
  }];
}
