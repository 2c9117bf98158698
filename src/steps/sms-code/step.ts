import { z } from 'zod';
import { holderOf, problemOf, type Checked } from '../../domain/factors/holder.ts';
import type { Sending } from '../../domain/factors/sent-code.ts';
import { checkSms, firstSms, resendSms, shownSms } from '../../domain/factors/sms.ts';
import { otherWays, wayAsked } from '../../domain/factors/ways.ts';
import { secondFactorModel } from '../../flow/levels.ts';
import { defineStep, onceOnly, type Outcome, type Run } from '../../flow/step.ts';

const config = z.strictObject({});
const input = z.object({ code: z.string().max(200).default(''), action: z.string().max(20).default('') });
type Input = z.infer<typeof input>;

/** A code by SMS, or told by telephone (row CAK-8). The newest one works, for `second_factor.code_ttl` seconds. */
export const smsCode = defineStep<unknown, unknown, Input>({
  id: 'sms-code',
  config,
  state: z.unknown(),
  input,
  secrets: ['code'],
  model: (_config, realm) => secondFactorModel(realm, 'sms'),
  enter: async (run) => sent(await firstSms(run.db, holderOf(run), sendingOf(run, 'sms'))),
  page: async (run) => ({
    ways: await otherWays(run.db, holderOf(run), 'sms'),
    minutes: Math.floor(run.realm.second_factor.code_ttl / 60),
    ...await shownSms(run.db, holderOf(run)),
  }),
  submit,
});

async function submit(run: Run<unknown, unknown>, { code, action }: Input): Promise<Outcome<unknown>> {
  const holder = holderOf(run);
  if (action === 'resend' || action === 'call') return sent(await resendSms(run.db, holder, sendingOf(run, action === 'call' ? 'voice' : 'sms')));
  const other = await wayAsked(run.db, holder, { step: 'sms-code', now: 'sms', action });
  if (other) return other;
  const checked = await checkSms(run.db, holder, code);
  if (!checked.ok) return { kind: 'ask', problems: [problemOf('sms-code', checked)] };
  return { kind: 'pass', proofs: [{ factor: 'sms', level: '', at: run.now }], commit: onceOnly(checked.keep) };
}

/** The message goes with the turn; what was not sent is said. */
function sent(message: Checked): Outcome<unknown> {
  return message.ok ? { kind: 'ask', commit: onceOnly(message.keep) } : { kind: 'ask', problems: [problemOf('sms-code', message)] };
}

function sendingOf({ language, portal }: Run<unknown, unknown>, means: Sending['means']): Sending {
  return { means, language, portal: portal.name };
}
