import type { Realm } from '../../config/schema.ts';
import { appendAudit } from '../../store/audit.ts';
import { insertNotice, listToTellOfPassword } from '../../store/lifecycle.ts';
import { displayName } from '../names.ts';
import { tellPerson } from '../notify.ts';
import { DAY, type Round, type Task } from './task.ts';

const kind = 'password_expiry';

/**
 * A mail that somebody's password ends, `password.notice_days` before it does (rows CAK-4, CIZ-4): one for each password. Who
 * could not be told in time is told that it has ended.
 */
export function passwordNotices({ realm, actor, now }: Round): Task[] {
  const { valid_days: valid, notice_days: notice } = realm.password;
  if (valid === undefined) return [];
  const changedUntil = now - (valid - notice) * DAY;
  return [{
    name: 'password_notice',
    due: async (db, stretch) => (await listToTellOfPassword(db, { kind, changedUntil }, stretch)).map(({ id }) => id),
    async act(tx, accountId) {
      const [account] = await listToTellOfPassword(tx, { kind, changedUntil }, { id: accountId });
      if (!account || !await insertNotice(tx, { account_id: accountId, kind, about: String(account.changed_at), told_at: now })) return false;
      const days = Math.ceil((account.changed_at + valid * DAY - now) / DAY);
      const link = accountUrl(realm);
      await tellPerson(tx, realm, account, {
        message: days > 0 ? 'password_expiry' : 'password_expired', params: { name: displayName(account), days: Math.max(days, 0), link }, links: [link], now,
      });
      await appendAudit(tx, { event: 'notice.sent', action: 'E', outcome: 'success', actor, objectType: 'account', objectId: accountId, detail: { kind, days }, now });
      return true;
    },
  }];
}

/** Where people look after their own account. */
export function accountUrl({ issuer }: Pick<Realm, 'issuer'>): string {
  return `${issuer}/account/`;
}
