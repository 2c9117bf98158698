import { z } from 'zod';
import { personFields } from '../../config/person.ts';
import { formOf, parseProfile, profileOf } from '../../domain/profile.ts';
import { completeProfile, registerPerson } from '../../domain/registration.ts';
import { defineStep, type Outcome, type Run } from '../../flow/step.ts';

const input = z.object(Object.fromEntries(Object.keys(personFields).map((field) => [field, z.string().max(4000).default('')])));
type Input = z.infer<typeof input>;

/** 'Persoonlijke instellingen' at first login (row IB-4). Saving it registers the person and tells the administrators. */
export const profile = defineStep<unknown, unknown, Input>({
  id: 'profile',
  config: z.strictObject({}),
  state: z.unknown(),
  input,
  secrets: [],
  model: () => ({
    settledBy: ['profile_complete'], passes: true, gives: ['registered', 'profile_complete', 'account_active'],
    forgets: ['verified', 'membership_ended', 'administrator', 'has_role'],
  }),
  page: async ({ db, facts, realm: { person } }) => ({
    form: formOf(person, { email: true }),
    prefill: { ...facts.proofs.at(-1)?.broker?.person, ...(facts.account ? await profileOf(db, person, facts.account.id) : {}) },
  }),
  submit,
});

async function submit(run: Run<unknown, unknown>, typed: Input): Promise<Outcome<unknown>> {
  const { facts, realm, now } = run;
  const parsed = parseProfile(realm.person, typed, now);
  if (!parsed.ok) return { kind: 'ask', problems: parsed.problems };
  const account = facts.account;
  if (account) return { kind: 'pass', commit: (tx) => completeProfile(tx, { accountId: account.id, profile: parsed.profile, runId: run.id, now }) };
  const broker = facts.proofs.findLast((proof) => proof.broker)?.broker;
  const organisationId = facts.organisation?.id;
  if (!broker || !organisationId) throw new Error('profile: nobody to register; put a step that identifies before it');
  return {
    kind: 'pass',
    commit: async (tx) => {
      await registerPerson(tx, {
        realm, organisationId, broker, profile: parsed.profile, language: run.language, runId: run.id, now,
        ...(facts.marks['claims'] === 'administrator' && { claims: 'administrator' as const }),
      });
    },
  };
}
