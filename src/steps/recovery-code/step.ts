import { z } from 'zod';
import { holderOf, problemOf } from '../../domain/factors/holder.ts';
import { checkRecovery, recoveryCodesLeft } from '../../domain/factors/recovery.ts';
import { otherWays, wayAsked } from '../../domain/factors/ways.ts';
import { secondFactorModel } from '../../flow/levels.ts';
import { defineStep, onceOnly, type Outcome, type Run } from '../../flow/step.ts';

const config = z.strictObject({});
const input = z.object({ code: z.string().max(200).default(''), action: z.string().max(20).default('') });
type Input = z.infer<typeof input>;

/** A recovery code in place of an app or phone that is not at hand (row CAK-8): each works once. */
export const recoveryCode = defineStep<unknown, unknown, Input>({
  id: 'recovery-code',
  config,
  state: z.unknown(),
  input,
  secrets: ['code'],
  model: (_config, realm) => secondFactorModel(realm, 'recovery'),
  page: async (run) => ({ left: await recoveryCodesLeft(run.db, holderOf(run)), ways: await otherWays(run.db, holderOf(run), 'recovery') }),
  submit,
});

async function submit(run: Run<unknown, unknown>, { code, action }: Input): Promise<Outcome<unknown>> {
  const holder = holderOf(run);
  const other = await wayAsked(run.db, holder, { step: 'recovery-code', now: 'recovery', action });
  if (other) return other;
  const checked = await checkRecovery(run.db, holder, code);
  if (!checked.ok) return { kind: 'ask', problems: [problemOf('recovery-code', checked)] };
  return { kind: 'pass', proofs: [{ factor: 'recovery', level: '', at: run.now }], commit: onceOnly(checked.keep) };
}
