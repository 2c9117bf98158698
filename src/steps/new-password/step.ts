import { z } from 'zod';
import { chooseInRun } from '../../domain/passwords/in-run.ts';
import { newPasswordPage } from '../../domain/passwords/page.ts';
import { defineStep, type Run } from '../../flow/step.ts';

const config = z.strictObject({});
type Config = z.infer<typeof config>;
// its length is a rule of the policy, which says so by name
const input = z.object({ new_password: z.string().default('') });

/** A password of one's own in the place of a one-time or expired one, before anything else but a second factor that is set up (rows CAK-2, CAK-4, CAK-6). */
export const newPassword = defineStep<Config, unknown, z.infer<typeof input>>({
  id: 'new-password',
  config,
  state: z.unknown(),
  input,
  secrets: ['new_password'],
  model: () => ({ settledBy: ['password_current'], passes: true, gives: ['password_current'], forgets: ['password_expiring'], guardedBy: ['second_factor_shown_if_enrolled'] }),
  page: async ({ db, realm, facts }) => ({ because: reasonOf(facts), ...await newPasswordPage(db, realm, facts.account?.id ?? '') }),
  submit: (run, { new_password: chosen }) => chooseInRun(run, chosen, reasonOf(run.facts)),
});

function reasonOf({ account }: Run<Config, unknown>['facts']): 'one_time' | 'expired' {
  return account?.credentials?.password?.oneTime ? 'one_time' : 'expired';
}
