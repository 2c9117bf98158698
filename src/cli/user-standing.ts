import type { Realm } from '../config/schema.ts';
import { activationOf } from '../domain/activation.ts';
import { credentialsOf } from '../domain/credentials.ts';
import { waitUntil } from '../domain/guesses.ts';
import { aheadOf, isLost } from '../domain/lifecycle/ended.ts';
import { shownPasskeys, type ShownPasskey } from '../domain/passkeys/keep.ts';
import type { CredentialsState } from '../flow/facts.ts';
import { findLoginOf, type AccountRow } from '../store/accounts.ts';
import { listAudit } from '../store/audit.ts';
import { listOutbox, type Message } from '../store/outbox.ts';
import { activationLine } from './activation.ts';
import { time } from './command.ts';
import type { Context } from './context.ts';

const GONE = 'it never comes back, make a new account';

/** What tells the service desk why somebody can or cannot log in: for people, and as data. */
export async function standingOf({ realm, database: { db }, now }: Pick<Context, 'realm' | 'database' | 'now'>, account: AccountRow): Promise<{ lines: string[]; data: Record<string, unknown> }> {
  const { dormantAt, purgeAt } = aheadOf(realm, account);
  const [credentials, waits] = [await credentialsOf(db, realm, account.id), await waitUntil(db, account.id, now)];
  const passkeys = await shownPasskeys(db, account.id);
  const activation = await activationOf(db, account, now);
  const mail = account.email ? (await listOutbox(db, { to: account.email, channel: 'mail', limit: 1 }))[0] : undefined;
  const failed = mail?.state === 'failed' ? mail : undefined;
  const lockedAt = account.status === 'locked' ? (await listAudit(db, { event: 'account.locked', objectId: account.id, limit: 1 }))[0]?.at : undefined;
  return {
    lines: [
      ...statusLines(realm, account, { lockedAt, now }),
      ...(dormantAt === undefined || dormantAt <= now ? [] : [`becomes dormant on ${time(dormantAt)}, unless they log in before`]),
      ...(purgeAt === undefined ? [] : [`personal data go on ${time(purgeAt)}`]),
      ...(activation ? [activationLine(activation)] : []),
      ...(credentials ? credentialLines(credentials, now) : []),
      ...(account.status === 'active' && credentials && !credentials.password && await findLoginOf(db, account.id) ? ['has no password yet (sluis user invite)'] : []),
      ...passkeys.map(passkeyLine),
      ...(waits === undefined ? [] : [`must wait until ${time(waits)} after too many tries, except in a browser of their own (sluis user unlock)`]),
      ...(failed ? [failedText(failed)] : []),
    ],
    data: {
      locked_at: lockedAt ?? null, dormant_at: dormantAt ?? null, purge_at: purgeAt ?? null,
      ...(activation && { activation }),
      ...(credentials && { credentials }), passkeys, waits_until: waits ?? null,
      last_mail_failed: failed ? { id: failed.id, at: failed.created_at, error: failed.error } : null,
    },
  };
}

function statusLines(realm: Realm, account: AccountRow, { lockedAt, now }: { lockedAt: number | undefined; now: number }): string[] {
  const { status, ended_at, end_reason, purged_at } = account;
  const lost = isLost(realm, account, now);
  if (status === 'locked') return [`cannot log in: locked${since(lockedAt)} (${lost ? `and unused for too long meanwhile: ${GONE}` : 'sluis user unlock'})`];
  const unusedAt = status === 'dormant' ? ended_at : aheadOf(realm, account).dormantAt;
  if (status === 'dormant' || (status === 'active' && unusedAt !== undefined && unusedAt !== null && unusedAt <= now)) {
    return [`cannot log in: dormant${since(unusedAt)}, because it was ${end_reason ?? 'unused'} (${lost ? GONE : 'sluis user unlock brings it back'})`];
  }
  if (status !== 'deleted') return [];
  const gone = purged_at === null ? [] : [`personal data were removed on ${time(purged_at)}`];
  return [`cannot log in: deleted${since(ended_at)}${end_reason === null ? '' : `: ${end_reason}`}`, ...gone];
}

function credentialLines({ password, factors, recoveryCodes }: CredentialsState, now: number): string[] {
  const lines: string[] = [];
  if (password) {
    const { expiresAt, oneTime } = password;
    const end = expiresAt === undefined ? '' : `, ${expiresAt <= now ? 'expired' : 'valid'} until ${time(expiresAt)}`;
    lines.push(`${oneTime ? 'one-time password' : 'password'} of ${time(password.changedAt)}${end.replace('expired until', 'expired on')}`);
  }
  if (factors.length > 0) lines.push(`second step: ${factors.join(', ')}; ${recoveryCodes} recovery codes left`);
  return lines;
}

function passkeyLine({ name, createdAt, lastUsedAt, blockedAt }: ShownPasskey): string {
  const blocked = blockedAt === undefined ? '' : `; blocked since ${time(blockedAt)}, because its counter went back: remove it and make a new one`;
  return `passkey ${JSON.stringify(name)} of ${time(createdAt)}, last used ${time(lastUsedAt ?? null)}${blocked}`;
}

function failedText({ id, created_at, error }: Message): string {
  return `the last mail to this address, of ${time(created_at)}, could not be delivered: ${error ?? 'unknown'} (correct the address, or sluis outbox retry --id ${id})`;
}

function since(at: number | null | undefined): string {
  return at === null || at === undefined ? '' : ` since ${time(at)}`;
}
