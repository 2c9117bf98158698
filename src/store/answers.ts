import type { Selectable } from 'kysely';
import { holdAccount } from './accounts.ts';
import type { Db, Tables } from './schema.ts';

export type AnswerRow = Selectable<Tables['security_answers']>;

export async function listAnswers(db: Db, accountId: string): Promise<AnswerRow[]> {
  return db.selectFrom('security_answers').selectAll().where('account_id', '=', accountId).orderBy('question').execute();
}

/** Puts these in the place of all answers of an account; of two who do so at once, the later ones stay. */
export async function replaceAnswers(tx: Db, accountId: string, rows: Omit<AnswerRow, 'account_id'>[]): Promise<void> {
  await holdAccount(tx, accountId);
  await tx.deleteFrom('security_answers').where('account_id', '=', accountId).execute();
  if (rows.length > 0) await tx.insertInto('security_answers').values(rows.map((row) => ({ ...row, account_id: accountId }))).execute();
}
