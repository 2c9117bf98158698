import { z } from 'zod';
import { defineStep, type Outcome, type Run } from '../../flow/step.ts';

const input = z.object({ administrator: z.string().max(10).default('') });

/**
 * An organisation's first login must be its administrator's (row IB-6). Nobody can prove that yet, so it is asked; who
 * says yes still needs the code that only the service desk hands out.
 */
export const firstAdministrator = defineStep<unknown, unknown, z.infer<typeof input>>({
  id: 'first-administrator',
  config: z.strictObject({}),
  state: z.unknown(),
  input,
  secrets: [],
  // who registered before has answered before
  model: () => ({ settledBy: ['registered'], passes: true, gives: ['claims_administrator'] }),
  page: ({ facts }) => ({ organisation: facts.organisation?.name ?? '' }),
  submit,
});

async function submit({ facts }: Run<unknown, unknown>, { administrator }: z.infer<typeof input>): Promise<Outcome<unknown>> {
  if (administrator === 'yes') return { kind: 'pass', marks: { claims: 'administrator' } };
  if (administrator === 'no') return { kind: 'deny', code: 'administrator_first', params: { organisation: facts.organisation?.name ?? '' } };
  return { kind: 'ask', problems: [{ field: 'administrator', code: 'first-administrator.required' }] };
}
