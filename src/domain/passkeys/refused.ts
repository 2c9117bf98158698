import { appendAudit } from '../../store/audit.ts';
import { blockPasskey, type PasskeyRow } from '../../store/passkeys.ts';
import type { Db } from '../../store/schema.ts';
import { tell } from '../factors/enrol.ts';
import { refused, type Holder, type Refused } from '../factors/holder.ts';
import { throwOut } from '../throw-out.ts';
import type { Judged, Why } from './judge.ts';

/** `record` writes what the trail must know, in the turn's transaction. */
export type PasskeyRefused = Refused & { record?: (tx: Db) => Promise<void> };

/** Whose login it is, when that is known; `row`: the passkey, when it is known. */
export type About = Pick<Holder, 'realm' | 'now' | 'runId'> & { accountId?: string; row?: PasskeyRow };

/** What the person reads: of most reasons only that it did not work. */
const rules: Partial<Record<Why, Refused['rule']>> = { challenge: 'expired', blocked: 'blocked', cloned: 'blocked' };

export function refusedFor(about: About, judged: Extract<Judged, { ok: false }>): PasskeyRefused {
  return { ...refused(rules[judged.why] ?? 'wrong'), record: (tx) => (judged.why === 'cloned' ? block(tx, about, judged.counter) : record(tx, about, judged.why)) };
}

async function record(tx: Db, { accountId, row, now, runId }: About, why: Why): Promise<void> {
  await appendAudit(tx, {
    event: 'passkey.refused', action: 'E', outcome: 'refused', reason: why, actor: { kind: 'person', id: 'unknown' }, now,
    ...(accountId !== undefined && { objectType: 'account', objectId: accountId }), ...(runId !== undefined && { runId }), ...(row && { detail: { passkey: row.id } }),
  });
}

/**
 * A counter that went back says that two devices sign with one key. Which of them is its owner's nobody can tell: the passkey logs
 * nobody in any more, and whoever is in or on the way in is thrown out; the login in which it was shown got nothing by it. The owner is told by mail.
 */
async function block(tx: Db, { realm, row, now, runId }: About, counter: number | undefined): Promise<void> {
  if (!row || !await blockPasskey(tx, row.id, now)) return;
  const [accountId, actor] = [row.account_id, { kind: 'system' as const, id: 'passkeys' }];
  const sessions = await throwOut(tx, accountId, { reason: 'revoked', actor, now }, runId === undefined ? {} : { runId });
  await appendAudit(tx, {
    event: 'passkey.cloned', action: 'U', outcome: 'refused', reason: 'cloned', actor, objectType: 'account', objectId: accountId, now,
    ...(runId !== undefined && { runId }), detail: { passkey: row.id, before: row.counter, counter, sessions },
  });
  await tell(tx, { realm, accountId, now }, 'passkey-cloned');
}
