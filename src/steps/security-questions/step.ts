import { z } from 'zod';
import { TooBusy } from '../../domain/passwords/gate.ts';
import { answerFields, questionsFor, setAnswers, typedAnswers } from '../../domain/questions.ts';
import { defineStep, type Outcome, type Run } from '../../flow/step.ts';

const config = z.strictObject({
  /** the person may leave it for a later login */
  optional: z.boolean().default(false),
});
type Config = z.infer<typeof config>;
const input = z.record(z.string(), z.string().max(1000));

/** Answers to secret questions, by which the service desk knows a caller; they log nobody in (row CAK-7). */
export const securityQuestions = defineStep<Config, unknown, z.infer<typeof input>>({
  id: 'security-questions',
  config,
  state: z.unknown(),
  input,
  secrets: answerFields,
  // a realm without questions has none to answer: the prover refuses such a flow
  model: ({ optional }, { questions }) => ({ settledBy: ['questions_answered'], passes: questions !== undefined, gives: optional ? [] : ['questions_answered'] }),
  page: ({ realm, language, config: { optional } }) => ({ questions: questionsFor(realm, language), need: realm.questions?.need ?? 0, optional }),
  submit,
});

async function submit(run: Run<Config, unknown>, fields: z.infer<typeof input>): Promise<Outcome<unknown>> {
  const accountId = run.facts.account?.id;
  if (fields['action'] === 'later' && run.config.optional) return { kind: 'pass' };
  const need = run.realm.questions?.need ?? 0;
  if (accountId === undefined) return { kind: 'ask', problems: [{ code: 'questions.required', params: { need, missing: need } }] };
  try {
    const set = await setAnswers(run.db, run.realm, { accountId, answers: typedAnswers(fields), actor: { kind: 'person', id: accountId }, runId: run.id, now: run.now });
    return 'problems' in set ? { kind: 'ask', problems: set.problems } : { kind: 'pass', commit: set.commit };
  } catch (error) {
    if (error instanceof TooBusy) return { kind: 'ask', problems: [{ code: 'questions.busy' }] };
    throw error;
  }
}
