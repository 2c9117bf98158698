import { z } from 'zod';
import { checkLogin, problemOfLogin } from '../../domain/local-login.ts';
import { nameProblems, readNames } from '../../domain/login-names.ts';
import { aboutTheAccount } from '../../flow/predicates.ts';
import { defineStep, type Outcome, type Problem, type Run } from '../../flow/step.ts';

const config = z.strictObject({
  /** id of the level that a password alone earns */
  level: z.string(),
});
type Config = z.infer<typeof config>;
// no keyboard gives a NUL, and PostgreSQL fails at one and at half a character
const seen = (text: string): boolean => !/[\0\p{Cs}]/u.test(text);
const text = z.string().max(256).refine(seen).default('');
const input = z.object({ relation_number: text, username: text, email: text, password: z.string().max(512).refine(seen).default('') });
type Input = z.infer<typeof input>;

/** Login name and password (row CAK-1): every failure has the same answer. */
export const password = defineStep<Config, unknown, Input>({
  id: 'password',
  config,
  state: z.unknown(),
  input,
  secrets: ['password'],
  model: ({ level }) => ({
    // a session that lacks a second factor only is not asked the password again
    settledBy: ['password_shown'],
    passes: true,
    gives: ['identified', 'registered', 'password_shown', 'password_shown_now'],
    forgets: [...aboutTheAccount],
    reaches: level,
  }),
  // what the portal expects is filled in; it proves nothing, and can be typed over
  page: ({ realm, hint }) => ({ identifiers: realm.login.identifiers, ...(hint !== undefined && text.safeParse(hint).success && { remembered: { username: hint, email: hint } }) }),
  submit,
});

async function submit(run: Run<Config, unknown>, typed: Input): Promise<Outcome<unknown>> {
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
    ...(login.organisationId && { organisationId: login.organisationId }), commit: login.keep,
  };
}
