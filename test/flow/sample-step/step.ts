import { z } from 'zod';
import { defineStep, type Outcome, type Run } from '../../../src/flow/step.ts';

const config = z.strictObject({
  /** which terms: kept in the audit trail with the acceptance */
  version: z.string(),
  /** where they can be read */
  url: z.url(),
});
type Config = z.infer<typeof config>;
const input = z.object({ accept: z.string().max(10).default('') });

/** Terms of use that must be accepted at every login. */
export const terms = defineStep<Config, unknown, z.infer<typeof input>>({
  id: 'terms',
  config,
  state: z.unknown(),
  input,
  secrets: [],
  model: () => ({ passes: true, gives: [] }),
  page: ({ config: { url, version }, portal }) => ({ url, version, portal: portal.name }),
  submit,
});

async function submit(run: Run<Config, unknown>, { accept }: z.infer<typeof input>): Promise<Outcome<unknown>> {
  const { version } = run.config;
  if (accept === 'yes') return { kind: 'pass', marks: { terms: version }, commit: run.audit({ event: 'terms.accepted', detail: { version } }) };
  if (accept === 'no') return { kind: 'deny', code: 'terms_refused', params: { portal: run.portal.name } };
  return { kind: 'ask', problems: [{ field: 'accept', code: 'terms.required' }] };
}
