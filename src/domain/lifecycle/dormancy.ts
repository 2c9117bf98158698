import { appendAudit } from '../../store/audit.ts';
import { endUnused, insertNotice, listToRemind, listUnused } from '../../store/lifecycle.ts';
import { displayName } from '../names.ts';
import { tellPerson } from '../notify.ts';
import { endSessionsOf } from '../sessions.ts';
import { accountUrl } from './password-notices.ts';
import { DAY, type Round, type Task } from './task.ts';

const kind = 'dormancy';
/** `end_reason` of an account that nobody used. */
export const UNUSED = 'unused';

/** Accounts that nobody logged in to for `lifecycle.dormant_after_days` become dormant (row CIZ-5); before that their people are reminded. */
export function dormancy(round: Round): Task[] {
  const { dormant_after_days: after, remind_before_days: before } = round.realm.lifecycle;
  if (after === undefined) return [];
  const days = [...new Set(before)].filter((one) => one < after).toSorted((a, b) => a - b);
  // of several reminders that are due the last one alone is sent: each has the days until the next one for itself
  return [becomeDormant(round, after), ...days.map((one, index) => remind(round, after, { from: one, to: days[index - 1] ?? 0 }))];
}

function becomeDormant({ actor, now }: Round, after: number): Task {
  const until = now - after * DAY;
  return {
    name: 'dormant',
    due: async (db, stretch) => (await listUnused(db, { until }, stretch)).map(({ id }) => id),
    async act(tx, accountId) {
      if (!await endUnused(tx, accountId, { until, reason: UNUSED, now })) return false;
      await appendAudit(tx, {
        event: 'account.dormant', action: 'U', outcome: 'success', reason: UNUSED, actor, objectType: 'account', objectId: accountId,
        detail: { before: 'active', after: 'dormant', days: after }, now,
      });
      await endSessionsOf(tx, { accountId }, { reason: 'revoked', actor, now });
      return true;
    },
  };
}

/** @param window days before the end: from how many, down to how many */
function remind({ realm, actor, now }: Round, after: number, window: { from: number; to: number }): Task {
  const due = { kind, word: String(window.from), until: now - (after - window.from) * DAY, since: now - (after - window.to) * DAY };
  return {
    name: 'dormancy_reminder',
    due: async (db, stretch) => (await listToRemind(db, due, stretch)).map(({ id }) => id),
    async act(tx, accountId) {
      const [account] = await listToRemind(tx, due, { id: accountId });
      if (!account || !await insertNotice(tx, { account_id: accountId, kind, about: `${account.last_use}:${due.word}`, told_at: now })) return false;
      const days = Math.ceil((account.last_use + after * DAY - now) / DAY);
      const link = accountUrl(realm);
      const returns = realm.lifecycle.dormant_can_return ? 'yes' : 'no';
      await tellPerson(tx, realm, account, { message: 'dormancy', params: { name: displayName(account), days, returns, link }, links: [link], now });
      await appendAudit(tx, { event: 'notice.sent', action: 'E', outcome: 'success', actor, objectType: 'account', objectId: accountId, detail: { kind, days }, now });
      return true;
    },
  };
}
