import { z } from 'zod';
import type { Realm } from '../../config/schema.ts';
import { problemOf } from '../../domain/factors/holder.ts';
import { checkLogin, problemOfLogin } from '../../domain/local-login.ts';
import { nameProblems, readNames } from '../../domain/login-names.ts';
import { checkPasskeyLogin } from '../../domain/passkeys/login.ts';
import { requestOptions } from '../../domain/passkeys/options.ts';
import { rankOf, reachedAlone } from '../../flow/levels.ts';
import { aboutTheAccount } from '../../flow/predicates.ts';
import { defineStep, onceOnly, type Outcome, type Page, type Problem, type Run, type StepModel } from '../../flow/step.ts';

const config = z.strictObject({
  /** id of the level that a password alone earns */
  level: z.string(),
});
type Config = z.infer<typeof config>;
// no keyboard gives a NUL, and PostgreSQL fails at one and at half a character
const seen = (text: string): boolean => !/[\0\p{Cs}]/u.test(text);
const text = z.string().max(256).refine(seen).default('');
const input = z.object({ relation_number: text, username: text, email: text, password: z.string().max(512).refine(seen).default(''), credential: z.string().max(65_536).default('') });
type Input = z.infer<typeof input>;

/** Login name and password (row CAK-1), or a passkey in place of both where that is enough: every failure has the same answer. */
export const password = defineStep<Config, unknown, Input>({
  id: 'password',
  config,
  state: z.unknown(),
  input,
  secrets: ['password', 'credential'],
  model,
  page,
  submit,
});

function model({ level }: Config, realm: Realm): StepModel {
  const passes = true as const;
  // a session that lacks a second factor only is not asked the password again
  if (!realm.login.passkeys) return { settledBy: ['password_shown'], passes, gives: ['identified', 'registered', 'password_shown', 'password_shown_now'], forgets: [...aboutTheAccount], reaches: level };
  const alone = reachedAlone(realm, 'passkey');
  return {
    settledBy: ['login_shown'], passes, gives: ['identified', 'registered'],
    // which of the two it was is not known before
    forgets: [...aboutTheAccount, 'login_shown', 'password_shown', 'password_shown_now', 'second_factor_shown'],
    reaches: alone !== undefined && rankOf(realm, alone) > rankOf(realm, level) ? alone : level,
  };
}

async function page(run: Run<Config, unknown>): Promise<Page> {
  const { realm, hint } = run;
  return {
    identifiers: realm.login.identifiers,
    // what the portal expects is filled in; it proves nothing, and can be typed over
    ...(hint !== undefined && text.safeParse(hint).success && { remembered: { username: hint, email: hint } }),
    ...(passkeyIsEnough(run) && { passkey: await requestOptions(run, run.turn) }),
  };
}

/** Whose passkey it is, is known afterwards: what an organisation asks beyond this, the flow's own gate says. */
function passkeyIsEnough({ realm, facts }: Run<Config, unknown>): boolean {
  return realm.login.passkeys && rankOf(realm, reachedAlone(realm, 'passkey')) >= facts.required.level;
}

async function submit(run: Run<Config, unknown>, typed: Input): Promise<Outcome<unknown>> {
  if (typed.credential !== '' && passkeyIsEnough(run)) return withPasskey(run, typed.credential);
  const { realm, config: { level }, now } = run;
  const problems: Problem[] = [...nameProblems(realm, typed), ...(typed.password.trim() === '' ? [{ field: 'password', code: 'password.password.required' }] : [])];
  if (problems.length > 0) return { kind: 'ask', problems };
  const login = await checkLogin(run, {
    names: readNames(realm, typed), password: typed.password, address: run.address,
    ...(run.remembered['browser'] !== undefined && { browser: run.remembered['browser'] }),
  });
  if (login.kind !== 'right') return { kind: 'ask', problems: [problemOfLogin(login)] };
  return {
    kind: 'pass', proofs: [{ factor: 'password', level, at: now }], accountId: login.accountId,
    ...(login.organisationId && { organisationId: login.organisationId }), commit: onceOnly(login.keep),
  };
}

async function withPasskey(run: Run<Config, unknown>, credential: string): Promise<Outcome<unknown>> {
  const login = await checkPasskeyLogin({ ...run, runId: run.id }, { turn: run.turn, typed: credential });
  if (login.ok) {
    const { accountId, organisationId, keep } = login;
    return { kind: 'pass', proofs: [{ factor: 'passkey', level: '', at: run.now }], accountId, ...(organisationId && { organisationId }), commit: onceOnly(keep) };
  }
  if (login.rule === 'inactive') return { kind: 'deny', code: 'account_inactive' };
  return { kind: 'ask', problems: [problemOf('password.passkey', login, null)], ...('record' in login && login.record && { commit: login.record }) };
}
