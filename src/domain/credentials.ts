import type { Realm } from '../config/schema.ts';
import type { CredentialsState } from '../flow/facts.ts';
import { findCredentials } from '../store/credentials.ts';
import type { Db } from '../store/schema.ts';

const DAY = 86_400;

/** What somebody has to log in with, and until when their password is good. Undefined when there is no such account. */
export async function credentialsOf(db: Db, realm: Realm, accountId: string): Promise<CredentialsState | undefined> {
  const rows = await findCredentials(db, accountId);
  if (!rows) return undefined;
  const { password, ...rest } = rows;
  return { ...rest, ...(password && { password: { oneTime: password.oneTime, changedAt: password.changedAt, ...endOfPassword(realm, password) } }) };
}

/** Epoch seconds at which a password ends, and from which its person is told; nothing when it is valid for ever (rows CAK-4, CIZ-4). */
export function endOfPassword({ password: policy }: Pick<Realm, 'password'>, { changedAt, oneTime }: { changedAt: number; oneTime: boolean }): { expiresAt?: number; noticeFrom?: number } {
  const days = oneTime ? policy.one_time_days : policy.valid_days;
  if (days === undefined) return {};
  const expiresAt = changedAt + days * DAY;
  return oneTime ? { expiresAt } : { expiresAt, noticeFrom: expiresAt - policy.notice_days * DAY };
}
