import type { Outcome, Run } from '../../flow/step.ts';
import { choosePassword, type PasswordReason } from './choose.ts';

/** A new password typed in a run, by the person whom it is about: passed, or asked again with every rule that is broken. */
export async function chooseInRun({ db, realm, facts: { account }, id, now }: Pick<Run<unknown, unknown>, 'db' | 'realm' | 'facts' | 'id' | 'now'>, chosen: string, reason: PasswordReason): Promise<Outcome<never>> {
  if (!account) return { kind: 'ask', problems: [{ field: 'new_password', code: 'new-password.required' }] };
  const outcome = await choosePassword(db, realm, { accountId: account.id, chosen, reason, actor: { kind: 'person', id: account.id, display: account.displayName }, runId: id, now });
  if ('commit' in outcome) return { kind: 'pass', commit: outcome.commit };
  return { kind: 'ask', problems: outcome.problems.map((problem) => ({ field: 'new_password', ...problem })) };
}
