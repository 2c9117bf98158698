import { z } from 'zod';
import { activationOf, checkActivation, redeemActivation } from '../../domain/activation.ts';
import { GUESSES } from '../../domain/code-check.ts';
import { takeTry } from '../../domain/throttle.ts';
import { defineStep, Overtaken, type Outcome, type Page, type Problem, type Run } from '../../flow/step.ts';

const config = z.strictObject({});
type Config = z.infer<typeof config>;
const input = z.object({ code: z.string().max(200).default('') });

/** The code that was sent beside the password, by mail or by letter: typed once (row CAK-3). */
export const activationCode = defineStep<Config, unknown, z.infer<typeof input>>({
  id: 'activation-code',
  config,
  state: z.unknown(),
  input,
  secrets: ['code'],
  model: () => ({ settledBy: ['activated'], passes: true, gives: ['activated'] }),
  page,
  submit,
});

async function page({ db, facts, now }: Run<Config, unknown>): Promise<Page> {
  const account = facts.account && { id: facts.account.id, must_activate: facts.account.credentials?.mustActivate === true ? 1 : 0 };
  const status = account && await activationOf(db, account, now);
  return { state: status?.state ?? 'none', channel: status?.code?.channel, sentAt: status?.code?.sentAt, expiresAt: status?.code?.expiresAt };
}

async function submit(run: Run<Config, unknown>, { code }: z.infer<typeof input>): Promise<Outcome<unknown>> {
  const accountId = run.facts.account?.id;
  if (code.trim() === '' || accountId === undefined) return refused('required');
  const guess = await takeTry(run.db, `activation:${accountId}`, GUESSES, run.now);
  if (!guess.allowed) return refused('wait', { minutes: Math.ceil(guess.retryAfter / 60) });
  const checked = await checkActivation(run.db, { accountId, typed: code, runId: run.id, now: run.now });
  if (!checked.ok) return refused(checked.code, { left: checked.left });
  return {
    kind: 'pass',
    commit: async (tx) => {
      if (!await redeemActivation(tx, { codeId: checked.codeId, accountId, runId: run.id, now: run.now })) throw new Overtaken();
    },
  };
}

function refused(rule: string, params?: Problem['params']): Outcome<unknown> {
  return { kind: 'ask', problems: [{ field: 'code', code: `activation-code.${rule}`, ...(params && { params }) }] };
}
