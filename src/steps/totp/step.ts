import { z } from 'zod';
import { holderOf, problemOf } from '../../domain/factors/holder.ts';
import { checkTotp } from '../../domain/factors/totp.ts';
import { otherWays, wayAsked } from '../../domain/factors/ways.ts';
import { secondFactorModel } from '../../flow/levels.ts';
import { defineStep, onceOnly, type Outcome, type Run } from '../../flow/step.ts';

const config = z.strictObject({});
const input = z.object({ code: z.string().max(200).default(''), action: z.string().max(20).default('') });
type Input = z.infer<typeof input>;

/** The code of an authenticator app (row CAK-8): six digits of this half minute, each once. */
export const totp = defineStep<unknown, unknown, Input>({
  id: 'totp',
  config,
  state: z.unknown(),
  input,
  secrets: ['code'],
  model: (_config, realm) => secondFactorModel(realm, 'totp'),
  page: async (run) => ({ ways: await otherWays(run.db, holderOf(run), 'totp') }),
  submit,
});

async function submit(run: Run<unknown, unknown>, { code, action }: Input): Promise<Outcome<unknown>> {
  const holder = holderOf(run);
  const other = await wayAsked(run.db, holder, { step: 'totp', now: 'totp', action });
  if (other) return other;
  const checked = await checkTotp(run.db, holder, code);
  if (!checked.ok) return { kind: 'ask', problems: [problemOf('totp', checked)] };
  return { kind: 'pass', proofs: [{ factor: 'totp', level: '', at: run.now }], commit: onceOnly(checked.keep) };
}
