import { randomUUID } from 'node:crypto';
import { generateSync } from 'otplib';
import type { Realm } from '../../src/config/schema.ts';
import type { JournalEntry } from '../../src/flow/facts.ts';
import type { Database } from '../../src/store/database.ts';
import { insertFactor } from '../../src/store/factors.ts';
import { listOutbox } from '../../src/store/outbox.ts';
import { aboutTheAccount } from '../../src/flow/predicates.ts';
import { realmWith, tiny } from './flow.ts';
import { noon, vault } from './house.ts';

/** A seed of tests, in base32. */
export const seed = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP';

/** What the app shows at `noon`, or so many seconds later. */
export const codeAt = (seconds = 0, secret = seed): string => generateSync({ secret, epoch: noon + seconds });

/** Puts a factor into the database as if it was set up long ago. */
export async function hasFactor({ db }: Database, accountId: string, kind: 'totp' | 'sms', secret = kind === 'totp' ? seed : '+31612345678'): Promise<void> {
  await insertFactor(db, { id: randomUUID(), account_id: accountId, kind, secret: vault.seal(secret, `${kind}:${accountId}`), created_at: noon - 86_400, last_used_at: null, last_step: null });
}

/** Two levels, the second earned by a password with any second factor. */
const levels: Realm['levels'] = [
  { id: 'password', label: '1', acr: 'urn:one' },
  { id: 'two-factor', label: '2', acr: 'urn:two', factors: [['password', 'totp'], ['password', 'sms'], ['password', 'recovery']] },
];

/** Stands in for a password: whoever's account is typed. */
export const shows = tiny('shows', {
  model: () => ({ settledBy: ['password_shown'], passes: true, gives: ['identified', 'registered', 'password_shown', 'password_shown_now'], forgets: [...aboutTheAccount], reaches: 'password' }),
  submit: async (run: { now: number }, { account }: Record<string, string>) => ({ kind: 'pass', accountId: account, proofs: [{ factor: 'password', level: 'password', at: run.now }] }),
} as never);

/** A realm whose flow asks a second factor of everybody, as realm cak does. */
export function twoStepRealm(changes: Partial<Realm> = {}): Realm {
  return realmWith([
    'shows',
    { id: 'account', step: 'require', with: { that: 'account_active', else: 'account_inactive' } },
    'second-factor',
    { step: 'recovery-code', when: ['chose_recovery'] },
    { step: 'totp', when: ['totp_enrolled'], unless: ['chose_recovery', 'chose_sms'] },
    { step: 'sms-code', when: ['sms_enrolled'], unless: ['chose_recovery', 'chose_totp'] },
    { id: 'level', step: 'require', with: { that: 'level_reached', else: 'level_too_low' } },
  ], { ensure: ['identified', 'level_reached', 'account_active', 'factor_enrolled'], portal: { level: 'two-factor' }, realm: { ...changes, levels } });
}

/** A journal of somebody who showed their password. */
export function passwordShown(accountId: string, at = noon): JournalEntry[] {
  return [{ binding: 'password', at, accountId, proofs: [{ factor: 'password', level: 'password', at }] }];
}

/** The code of the newest message. */
export async function sentCode({ db }: Database, channel: 'sms' | 'voice' = 'sms'): Promise<string> {
  return (await listOutbox(db, { channel }))[0]?.code ?? '';
}
