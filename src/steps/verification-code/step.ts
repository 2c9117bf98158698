import { z } from 'zod';
import { GUESSES } from '../../domain/code-check.ts';
import { administratorNames } from '../../domain/people.ts';
import { takeTry } from '../../domain/throttle.ts';
import { checkCode, redeemCode } from '../../domain/verification.ts';
import { defineStep, Overtaken, type Outcome, type Problem, type Run } from '../../flow/step.ts';

const config = z.strictObject({
  /** after the code, the person closes the browser and logs in again (row IB-5) */
  relogin: z.boolean().default(false),
});
type Config = z.infer<typeof config>;
const input = z.object({ code: z.string().max(200).default('') });

/** The code that an administrator (or, for the first one, the service desk) hands over (rows IB-5, IB-6). */
export const verificationCode = defineStep<Config, unknown, z.infer<typeof input>>({
  id: 'verification-code',
  config,
  state: z.unknown(),
  input,
  secrets: ['code'],
  model: ({ relogin }) => ({ settledBy: ['verified'], passes: !relogin, gives: ['verified'], forgets: ['administrator', 'has_role', 'organisation_has_administrator'] }),
  page: async ({ db, facts }) => ({
    organisation: facts.organisation?.name ?? '',
    first: facts.organisation?.hasAdministrator !== true,
    administrators: facts.organisation ? await administratorNames(db, facts.organisation.id) : [],
  }),
  submit,
});

async function submit(run: Run<Config, unknown>, { code }: z.infer<typeof input>): Promise<Outcome<unknown>> {
  const membershipId = run.facts.membership?.id;
  if (code.trim() === '' || membershipId === undefined) return refused('required');
  const guess = await takeTry(run.db, `verification:${membershipId}`, GUESSES, run.now);
  if (!guess.allowed) return refused('wait', { minutes: Math.ceil(guess.retryAfter / 60) });
  const checked = await checkCode(run.db, { membershipId, typed: code, runId: run.id, now: run.now });
  if (!checked.ok) return refused(checked.code, { left: checked.left });
  const commit = async (tx: typeof run.db): Promise<void> => {
    if (!await redeemCode(tx, { codeId: checked.codeId, membershipId, runId: run.id, now: run.now })) throw new Overtaken();
  };
  return run.config.relogin
    ? { kind: 'deny', code: 'verified', ended: 'fine', params: { portal: run.portal.name, open: run.portal.open }, commit }
    : { kind: 'pass', commit };
}

function refused(rule: string, params?: Problem['params']): Outcome<unknown> {
  return { kind: 'ask', problems: [{ field: 'code', code: `verification-code.${rule}`, ...(params && { params }) }] };
}
