import { z } from 'zod';
import { holderOf, problemOf } from '../../domain/factors/holder.ts';
import { otherWays, wayAsked } from '../../domain/factors/ways.ts';
import { askPasskey, checkPasskey } from '../../domain/passkeys/check.ts';
import { shownPasskeys } from '../../domain/passkeys/keep.ts';
import { secondFactorModel } from '../../flow/levels.ts';
import { defineStep, onceOnly, type Outcome, type Run } from '../../flow/step.ts';

const config = z.strictObject({});
const input = z.object({ credential: z.string().max(65_536).default(''), action: z.string().max(20).default('') });
type Input = z.infer<typeof input>;

/** One of somebody's passkeys, after their password: what the device signed works in this turn only. */
export const passkey = defineStep<unknown, unknown, Input>({
  id: 'passkey',
  config,
  state: z.unknown(),
  input,
  secrets: ['credential'],
  model: (_config, realm) => secondFactorModel(realm, 'passkey'),
  page,
  submit,
});

/** Where none works the page has a title that says so: all are blocked, or there is none. */
async function page(run: Run<unknown, unknown>) {
  const holder = holderOf(run);
  const [options, ways] = [await askPasskey(run.db, holder, run.turn), await otherWays(run.db, holder, 'passkey')];
  if (options) return { options, ways };
  const blocked = (await shownPasskeys(run.db, holder.accountId)).length;
  return { ways, blocked, title: blocked > 0 ? { key: 'passkey.blocked.title', params: { count: blocked } } : { key: 'passkey.none.title' } };
}

async function submit(run: Run<unknown, unknown>, { credential, action }: Input): Promise<Outcome<unknown>> {
  const holder = holderOf(run);
  const other = await wayAsked(run.db, holder, { step: 'passkey', now: 'passkey', action });
  if (other) return other;
  const checked = await checkPasskey(run.db, holder, { turn: run.turn, typed: credential });
  if (!checked.ok) return { kind: 'ask', problems: [problemOf('passkey', checked, null)], ...('record' in checked && checked.record && { commit: checked.record }) };
  return { kind: 'pass', proofs: [{ factor: 'passkey', level: '', at: run.now }], commit: onceOnly(checked.keep) };
}
