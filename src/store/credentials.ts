import { sql } from 'kysely';
import { prepared, type Given } from './prepared.ts';
import type { Db } from './schema.ts';

/** What an account has to log in with, in one look. Times are epoch seconds. */
export type CredentialRows = {
  mustActivate: boolean;
  password: { changedAt: number; oneTime: boolean } | undefined;
  /** kinds of second factors; a passkey that is blocked is one too, or whoever knows the password could set up another in its place */
  factors: ('totp' | 'sms' | 'passkey')[];
  /** recovery codes that were not used */
  recoveryCodes: number;
  /** secret questions that were answered */
  answers: number;
};

const kind = (name: string) => sql<string>`${sql.lit(name)}`.as('kind');
const nothing = sql<number>`0`;

const question = prepared((db, given: Given) => db.selectFrom('accounts').where('id', '=', given('account'))
  .select((eb) => [kind('account'), nothing.as('number'), eb.ref('must_activate').as('flag')])
  .unionAll(db.selectFrom('passwords').where('account_id', '=', given('account')).select((eb) => [kind('password'), eb.ref('changed_at').as('number'), eb.ref('one_time').as('flag')]))
  .unionAll(db.selectFrom('factors').where('account_id', '=', given('account'))
    .select((eb) => [eb.ref('factors.kind').$castTo<string>().as('kind'), nothing.as('number'), nothing.as('flag')]))
  .unionAll(db.selectFrom('passkeys').where('account_id', '=', given('account')).select(() => [kind('passkey'), nothing.as('number'), nothing.as('flag')]))
  .unionAll(db.selectFrom('recovery_codes').where('account_id', '=', given('account')).where('used_at', 'is', null).select(() => [kind('recovery'), nothing.as('number'), nothing.as('flag')]))
  .unionAll(db.selectFrom('security_answers').where('account_id', '=', given('account')).select(() => [kind('answer'), nothing.as('number'), nothing.as('flag')])));

/** @returns undefined when there is no such account */
export async function findCredentials(db: Db, accountId: string): Promise<CredentialRows | undefined> {
  const { rows } = await question(db, { account: accountId });
  const account = rows.find((row) => row.kind === 'account');
  if (!account) return undefined;
  const password = rows.find((row) => row.kind === 'password');
  const count = (wanted: string): number => rows.filter((row) => row.kind === wanted).length;
  return {
    mustActivate: account.flag === 1,
    password: password && { changedAt: Number(password.number), oneTime: password.flag === 1 },
    factors: (['totp', 'sms', 'passkey'] as const).filter((name) => count(name) > 0),
    recoveryCodes: count('recovery'),
    answers: count('answer'),
  };
}
