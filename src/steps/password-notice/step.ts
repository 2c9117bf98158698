import { z } from 'zod';
import { chooseInRun } from '../../domain/passwords/in-run.ts';
import { newPasswordPage } from '../../domain/passwords/page.ts';
import { defineStep, type Outcome, type Run } from '../../flow/step.ts';

const DAY = 86_400;

const config = z.strictObject({});
type Config = z.infer<typeof config>;
/** `choosing`: the person said yes */
const state = z.strictObject({ choosing: z.boolean() });
type State = z.infer<typeof state>;
const input = z.object({ action: z.string().default(''), new_password: z.string().default('') });

/** Tells that a password ends soon, and offers to replace it at once (rows CAK-4, CIZ-4). It may wait. */
export const passwordNotice = defineStep<Config, State, z.infer<typeof input>>({
  id: 'password-notice',
  config,
  state,
  input,
  secrets: ['new_password'],
  model: () => ({ passes: true, gives: [], forgets: ['password_expiring'], guardedBy: ['second_factor_shown_if_enrolled'] }),
  page: async ({ db, realm, facts, state: kept }) => ({
    days: daysLeft(facts),
    choosing: kept?.choosing === true,
    ...await newPasswordPage(db, realm, facts.account?.id ?? ''),
  }),
  submit,
});

async function submit(run: Run<Config, State>, { action, new_password: chosen }: z.infer<typeof input>): Promise<Outcome<State>> {
  if (action === 'no') return { kind: 'pass' };
  if (run.state?.choosing === true) return chooseInRun(run, chosen, 'own');
  return action === 'yes' ? { kind: 'ask', state: { choosing: true } } : { kind: 'ask', problems: [{ code: 'password-notice.required' }] };
}

/** Days that are begun count: on the last one it is one. */
function daysLeft({ account, now }: Run<Config, State>['facts']): number {
  return Math.max(1, Math.ceil(((account?.credentials?.password?.expiresAt ?? now) - now) / DAY));
}
