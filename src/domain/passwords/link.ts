import type { Realm } from '../../config/schema.ts';
import { findAccount, findLoginOf, findPassword, holdAccount, type AccountRow } from '../../store/accounts.ts';
import { appendAudit } from '../../store/audit.ts';
import type { Database } from '../../store/database.ts';
import { findByNames, type TypedNames } from '../../store/logins.ts';
import type { Db } from '../../store/schema.ts';
import { findIssued, issueTicket, peekTicket, redeemTicket } from '../../store/tickets.ts';
import { isActive } from '../lifecycle/ended.ts';
import { nobodyCalled } from '../login-names.ts';
import { displayName } from '../names.ts';
import { liftPasswordWait } from '../guesses.ts';
import { tellPerson } from '../notify.ts';
import { onGrid } from '../steady.ts';
import { takeTry } from '../throttle.ts';
import type { Vault } from '../vault.ts';
import { choosePassword } from './choose.ts';
import { markOf } from './present.ts';
import type { PasswordRule } from './policy.ts';
import { spanOf } from './span.ts';

const KIND = 'password.link';

/** Mails that one account, or one name that nobody has, can be sent in an hour; and one mailbox, which several accounts may share. */
const perName = { limit: 5, window: 3600 };
const perMailbox = { limit: 10, window: 3600 };
/** A whole town hall shares an address. */
const perAddress = { limit: 200, window: 3600 };

/** What must still be so when the link is used: `password` is the mark of the one that was there, `email` where the link went. */
type Issued = { accountId: string; email: string; password: string; /** id of the portal that the person came from */ portal?: string };
type Look = { db: Db; realm: Realm; now: number };
type Place = { database: Database; realm: Realm; now: number };
export type LinkRequest = { names: TypedNames; /** of the browser */ address: string; portal?: string };

/**
 * Mails somebody a link to choose another password (rows CIZ-2, CFX-1), when there is an active account of that name with a login of
 * its own and an address. Tries are counted first. It takes the same time and says the same, whatever there is; the trail knows.
 */
export async function askPasswordLink(place: Place & { vault: Vault }, request: LinkRequest): Promise<void> {
  const start = performance.now();
  try {
    await ask(place, request);
  } finally {
    await onGrid(start);
  }
}

async function ask({ database, realm, vault, now }: Place & { vault: Vault }, { names, address, portal }: LinkRequest): Promise<void> {
  const { db } = database;
  const fromHere = await takeTry(db, `password-link@${address}`, perAddress, now);
  // a flood from one place is one row of the trail
  if (fromHere.count > perAddress.limit + 1) return;
  const found = await findByNames(db, names);
  const ofName = await takeTry(db, `password-link:${found?.accountId ?? nobodyCalled(names)}`, perName, now);
  const account = found && await findAccount(db, found.accountId);
  const full = account?.email ? !(await takeTry(db, `password-link:${vault.mark(account.email.toLowerCase())}`, perMailbox, now)).allowed : false;
  const refusal = !fromHere.allowed || !ofName.allowed || full ? 'wait' : await whyNot({ db, realm, now }, account);
  await database.transaction(async (tx) => {
    await appendAudit(tx, {
      event: 'password.link_asked', action: 'E', outcome: refusal === undefined ? 'success' : 'refused', ...(refusal && { reason: refusal }),
      actor: { kind: 'person', id: 'unknown' }, ...(account && { objectType: 'account', objectId: account.id }), now,
    });
    if (account && refusal === undefined) await mailPasswordLink(tx, realm, { account, message: 'password_link', ttl: realm.ttl.password_link, ...(portal !== undefined && { portal }), now });
  });
}

async function whyNot({ db, realm, now }: Look, account: AccountRow | undefined): Promise<string | undefined> {
  if (!account) return 'unknown';
  if (!isActive(realm, account, now)) return 'not_active';
  if (!account.email) return 'no_address';
  return await findLoginOf(db, account.id) ? undefined : 'no_login';
}

export type LinkMail = { account: AccountRow; /** `account_link`: the first mail of an account, which also says where to ask for another */ message: 'password_link' | 'account_link'; /** seconds */ ttl: number; portal?: string; now: number };

/** Mails a link, which works once and only as long as password, address and status of the account stay as they are. */
export async function mailPasswordLink(tx: Db, realm: Realm, { account, message, ttl, portal, now }: LinkMail): Promise<void> {
  const present = await findPassword(tx, account.id);
  const payload: Issued = { accountId: account.id, email: account.email ?? '', password: markOf(present?.hash), ...(portal !== undefined && { portal }) };
  const link = `${realm.issuer}/password/link/${await issueTicket(tx, { kind: KIND, runId: null, payload, ttl, now })}`;
  const also = message === 'account_link' ? [forgotUrl(realm)] : [];
  const params = { ...await loginParams(tx, account), link, ...spanOf(ttl), ...(also[0] !== undefined && { again: also[0] }) };
  await tellPerson(tx, realm, account, { message, params, links: [link, ...also], secret: true, now });
}

/** What a mail says of somebody's login: `name`, `username` and `relation_number` (`none` where there is none). */
export async function loginParams(tx: Db, account: AccountRow): Promise<{ name: string; username: string; relation_number: string }> {
  const login = await findLoginOf(tx, account.id);
  return { name: displayName(account), username: login?.username ?? '', relation_number: login?.scope || 'none' };
}

/** Where a link is asked for. */
export function forgotUrl({ issuer }: Pick<Realm, 'issuer'>): string {
  return `${issuer}/password/forgot`;
}

/** Whose link it is, for as long as it works. Looking uses nothing up: programs that check mail look too. */
export async function findPasswordLink({ db, realm, now }: Look, handle: string): Promise<Issued | undefined> {
  const ticket = await peekTicket<Issued>(db, KIND, handle, now);
  if (!ticket) return undefined;
  const { accountId, email, password } = ticket.payload;
  const account = await findAccount(db, accountId);
  if (!account || !isActive(realm, account, now) || account.email !== email) return undefined;
  return markOf((await findPassword(db, accountId))?.hash) === password ? ticket.payload : undefined;
}

/** Id of the portal that a link came from, also when it was used or is too old: to show the way back. */
export async function portalOfLink(db: Db, handle: string): Promise<string | undefined> {
  return (await findIssued<Issued>(db, KIND, handle))?.payload.portal;
}

/** `gone`: the link does not work, or not any more. */
export type ByLink = { kind: 'done'; portal?: string } | { kind: 'refused'; problems: PasswordRule[] } | { kind: 'gone' };

type LinkChoice = { handle: string; chosen: string };

/**
 * Puts another password in place with a mailed link; of two at once one does. Everybody who is in is thrown out, and nobody waits any
 * longer. It is no login: whoever has the link gets into nothing here. Audits `password.link_refused` when no password is replaced.
 */
export async function choosePasswordByLink(place: Place, choice: LinkChoice): Promise<ByLink> {
  const outcome = await choose(place, choice);
  if (outcome.kind !== 'done') await recordRefusal(place, choice.handle, outcome);
  return outcome;
}

async function choose({ database, realm, now }: Place, { handle, chosen }: LinkChoice): Promise<ByLink> {
  const { db } = database;
  const link = await findPasswordLink({ db, realm, now }, handle);
  const account = link && await findAccount(db, link.accountId);
  if (!link || !account) return { kind: 'gone' };
  const actor = { kind: 'person' as const, id: account.id, display: displayName(account) };
  const choice = await choosePassword(db, realm, { accountId: account.id, chosen, reason: 'reset', actor, now });
  if ('problems' in choice) return { kind: 'refused', problems: choice.problems };
  const done = await database.transaction(async (tx) => {
    await holdAccount(tx, account.id);
    // the hash took its time: somebody may have been faster, or something changed
    if (!await findPasswordLink({ db: tx, realm, now }, handle) || !await redeemTicket(tx, KIND, handle, now)) return false;
    await choice.commit(tx);
    await liftPasswordWait(tx, { accountId: account.id, actor, now });
    return true;
  });
  return done ? { kind: 'done', ...(link.portal !== undefined && { portal: link.portal }) } : { kind: 'gone' };
}

async function recordRefusal({ database: { db }, now }: Place, handle: string, outcome: Exclude<ByLink, { kind: 'done' }>): Promise<void> {
  const issued = await findIssued<Issued>(db, KIND, handle);
  // a handle that was never ours is noise that anybody can make: the log has it
  if (!issued || (outcome.kind === 'refused' && outcome.problems.some(({ code }) => code === 'new-password.busy'))) return;
  const whyGone = issued.used ? 'used' : issued.expiresAt <= now ? 'expired' : 'overtaken';
  await appendAudit(db, {
    event: 'password.link_refused', action: 'U', outcome: 'refused', reason: outcome.kind === 'gone' ? whyGone : outcome.problems.map(({ code }) => code).join(' '),
    actor: { kind: 'person', id: 'unknown' }, objectType: 'account', objectId: issued.payload.accountId, now,
  });
}
