import { randomInt } from 'node:crypto';
import type { Realm } from '../../config/schema.ts';
import { findAccount, findLoginOf } from '../../store/accounts.ts';
import { appendAudit, type Actor } from '../../store/audit.ts';
import type { Db } from '../../store/schema.ts';
import { DomainError } from '../errors.ts';
import { liftPasswordWait } from '../guesses.ts';
import { tellPerson } from '../notify.ts';
import { throwOut } from '../throw-out.ts';
import { putNewPassword } from './choose.ts';
import { hashPassword } from './hash.ts';

/** No 0, O, 1, I, l: it is read from a mail or told over the telephone. */
const SIGNS = 'abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789';
const [GROUPS, SIZE] = [4, 4];

export type OneTimePassword = { plain: string; hash: string };

/**
 * Makes a random one-time password of 92 bits: the slow part, before the transaction.
 * @throws TooBusy when too many wait for a hash
 */
export async function newOneTimePassword(realm: Pick<Realm, 'login'>): Promise<OneTimePassword> {
  const group = (): string => Array.from({ length: SIZE }, () => SIGNS[randomInt(SIGNS.length)]).join('');
  const plain = Array.from({ length: GROUPS }, group).join('-');
  return { plain, hash: await hashPassword(plain, realm.login.argon2) };
}

export type Issue = { accountId: string; oneTime: OneTimePassword; /** `account_created` for who is new */ message?: 'account_created' | 'password_issued'; actor: Actor; now: number };

/**
 * Gives somebody a one-time password, which they must replace at their next login (row CAK-2): the old one dies, their sessions
 * and logins half way end. Audits `password.issued` and mails relation number, user name and password.
 * @returns whether it was mailed: somebody without an address must hear it in another way; and how many sessions ended
 * @throws DomainError account.unknown, user.no_login (they log in through a broker)
 */
export async function setOneTimePassword(tx: Db, realm: Realm, { accountId, oneTime, message = 'password_issued', actor, now }: Issue): Promise<{ mailed: boolean; sessions: number }> {
  const [account, login] = [await findAccount(tx, accountId), await findLoginOf(tx, accountId)];
  if (!account) throw new DomainError('account.unknown');
  if (!login) throw new DomainError('user.no_login');
  await putNewPassword(tx, realm, { accountId, hash: oneTime.hash, oneTime: true, now });
  await appendAudit(tx, { event: 'password.issued', action: 'U', outcome: 'success', actor, objectType: 'account', objectId: accountId, now });
  await liftPasswordWait(tx, { accountId, actor, now });
  const sessions = await throwOut(tx, accountId, { reason: 'revoked', actor, now });
  const params = { relation_number: login.scope || 'none', username: login.username, password: oneTime.plain, days: realm.password.one_time_days };
  await tellPerson(tx, realm, account, { message, params, code: oneTime.plain, now });
  return { mailed: account.email !== null && account.email !== '', sessions };
}
