import type { Realm } from '../config/schema.ts';
import { findAccount, findLoginOf, findPassword } from '../store/accounts.ts';
import { appendAudit, type Actor } from '../store/audit.ts';
import { insertNotice } from '../store/lifecycle.ts';
import { listAdministrators } from '../store/memberships.ts';
import { listAgreements } from '../store/organisations.ts';
import type { Db } from '../store/schema.ts';
import { DomainError } from './errors.ts';
import { tellPerson } from './notify.ts';
import { forgotUrl, loginParams, mailPasswordLink } from './passwords/link.ts';
import { newOneTimePassword, setOneTimePassword, type OneTimePassword } from './passwords/one-time.ts';

/** What the first mail of an account brings, as `password.first` of the realm says. */
export type Invitation = { first: 'request' | 'link' } | { first: 'one_time'; oneTime: OneTimePassword };

type Guest = { accountId: string; invitation: Invitation; actor: Actor; now: number };

/** That somebody was invited, so that they are not invited by themselves again. */
const notice = { kind: 'invitation', about: 'first' };

/**
 * Makes what the first mail brings: the slow part, before the transaction.
 * @throws TooBusy when too many wait for a hash
 */
export async function newInvitation(realm: Pick<Realm, 'login' | 'password'>): Promise<Invitation> {
  const { first } = realm.password;
  return first === 'one_time' ? { first, oneTime: await newOneTimePassword(realm) } : { first };
}

/**
 * Mails the first mail of an account (rows CAK-2, CIZ-1, CIZ-11, CFX-1): its login names, and a one-time password, where to ask for a
 * link, or a link. As often as wanted, until the person has a password of their own. Audits `account.invited` or `password.issued`.
 * @returns whether it was mailed: somebody without an address must hear a one-time password in another way
 * @throws DomainError account.unknown, user.no_login (they log in through a broker), user.not_active, invite.done, invite.no_email
 */
export async function invite(tx: Db, realm: Realm, { accountId, invitation, actor, now }: Guest): Promise<{ mailed: boolean }> {
  const account = await findAccount(tx, accountId);
  if (!account) throw new DomainError('account.unknown');
  if (account.status !== 'active') throw new DomainError('user.not_active', { status: account.status });
  if (!await findLoginOf(tx, accountId)) throw new DomainError('user.no_login');
  if ((await findPassword(tx, accountId))?.one_time === 0) throw new DomainError('invite.done');
  if (invitation.first === 'one_time') return setOneTimePassword(tx, realm, { accountId, oneTime: invitation.oneTime, message: 'account_created', actor, now });
  if (!account.email) throw new DomainError('invite.no_email');
  if (invitation.first === 'link') await mailPasswordLink(tx, realm, { account, message: 'account_link', ttl: realm.ttl.password_first_link, now });
  else await tellPerson(tx, realm, account, { message: 'account_request', params: { ...await loginParams(tx, account), link: forgotUrl(realm) }, links: [forgotUrl(realm)], now });
  await insertNotice(tx, { account_id: accountId, ...notice, told_at: now });
  await appendAudit(tx, { event: 'account.invited', action: 'E', outcome: 'success', actor, objectType: 'account', objectId: accountId, detail: { first: invitation.first }, now });
  return { mailed: true };
}

/** Whether the first mail of somebody waits: an administrator's comes when their organisation has signed everything (row CIZ-1). */
export async function waitsForAgreements(tx: Db, realm: Realm, { organisationId, tier }: { organisationId: string; tier: 'user' | 'administrator' }): Promise<boolean> {
  return realm.password.first !== 'one_time' && tier === 'administrator' && lacksAgreements(tx, realm, organisationId);
}

/** Is there an agreement of the realm that an organisation has not signed? */
export async function lacksAgreements(tx: Db, { agreements }: Pick<Realm, 'agreements'>, organisationId: string): Promise<boolean> {
  const signed = new Set((await listAgreements(tx, organisationId)).map(({ agreement }) => agreement));
  return agreements.some(({ id }) => !signed.has(id));
}

/**
 * Invites the administrators of an organisation who have no password and were never invited; where a first mail brings a one-time
 * password they got it when their account was made. @returns their account ids
 */
export async function inviteAdministrators(tx: Db, realm: Realm, { organisationId, actor, now }: { organisationId: string; actor: Actor; now: number }): Promise<string[]> {
  const { first } = realm.password;
  if (first === 'one_time') return [];
  const invited: string[] = [];
  for (const { account_id: accountId, email } of await listAdministrators(tx, organisationId)) {
    const reachable = email && await findLoginOf(tx, accountId) && !await findPassword(tx, accountId);
    if (!reachable || !await insertNotice(tx, { account_id: accountId, ...notice, told_at: now })) continue;
    await invite(tx, realm, { accountId, invitation: { first }, actor, now });
    invited.push(accountId);
  }
  return invited;
}
