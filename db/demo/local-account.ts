import { z } from 'zod';
import type { Realm } from '../../src/config/schema.ts';
import { issueActivation } from '../../src/domain/activation.ts';
import { sealFor } from '../../src/domain/factors/holder.ts';
import { sealTotp } from '../../src/domain/factors/totp.ts';
import type { Vault } from '../../src/domain/vault.ts';
import { hashCode } from '../../src/domain/verification-code.ts';
import { insertLogin, putPassword } from '../../src/store/accounts.ts';
import { insertFactor, replaceRecoveryCodes } from '../../src/store/factors.ts';
import type { Db } from '../../src/store/schema.ts';

const DAY = 86_400;

/** What somebody has to log in with at Sluis itself. */
export const localAccountSchema = z.object({
  /** without a password: one is asked for by mail */
  login: z.object({ relation_number: z.string().optional(), username: z.string(), password: z.string().optional() }).optional(),
  /** of the authenticator app that is set up, base32 */
  totp_secret: z.string().optional(),
  /** telephone that is set up for codes, E.164 */
  sms: z.string().optional(),
  recovery_codes: z.array(z.string()).default([]),
  /** a one-time password, and an activation code that was mailed */
  waiting: z.boolean().default(false),
  /** days until the password expires (before now: negative); absent: chosen now */
  password_ends_in: z.int().optional(),
});
type LocalAccount = z.infer<typeof localAccountSchema>;

export type Place = { realm: Realm; vault: Vault; now: number };

/** `accountId` exists; `hash` is that of the password, when there is one. Moments are counted from `now`, epoch seconds. */
export async function seedLocalAccount(tx: Db, { realm, vault, now }: Place, accountId: string, local: LocalAccount, hash: string | undefined): Promise<void> {
  const { login, totp_secret: totp, sms, recovery_codes: codes, waiting } = local;
  if (!login) return;
  await insertLogin(tx, { scope: login.relation_number ?? '', username: login.username, account_id: accountId });
  if (hash !== undefined) await putPassword(tx, { account_id: accountId, hash, changed_at: changedAt(realm, local, now), one_time: waiting ? 1 : 0 });
  const factor = { account_id: accountId, created_at: now };
  if (totp !== undefined) await insertFactor(tx, { ...factor, id: `totp-${accountId}`, kind: 'totp', secret: sealTotp({ vault, accountId }, totp) });
  if (sms !== undefined) await insertFactor(tx, { ...factor, id: `sms-${accountId}`, kind: 'sms', secret: sealFor({ vault, accountId }, sms, 'sms') });
  await replaceRecoveryCodes(tx, accountId, codes.map((code, index) => ({ ...factor, id: `recovery-${index}-${accountId}`, hash: hashCode(code), used_at: null })));
  if (waiting) await issueActivation(tx, { realm, accountId, channel: 'mail', actor: { kind: 'system', id: 'demo' }, now });
}

function changedAt({ password }: Realm, { password_ends_in: days }: LocalAccount, now: number): number {
  return days === undefined || password.valid_days === undefined ? now : now + (days - password.valid_days) * DAY;
}
