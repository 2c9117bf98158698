import { randomInt } from 'node:crypto';
import type { Realm } from '../config/schema.ts';
import { findAccount } from '../store/accounts.ts';
import { listAnswers, replaceAnswers } from '../store/answers.ts';
import { appendAudit, type Actor } from '../store/audit.ts';
import type { Db } from '../store/schema.ts';
import { DomainError } from './errors.ts';
import { tellPerson } from './notify.ts';
import { hashPassword, verifyHash } from './passwords/hash.ts';
import { takeTry } from './throttle.ts';

/*
 * Secret questions (row CAK-7): how the service desk knows a caller. They are never a way in: nothing here gives a proof.
 */

/** Signs of an answer, counted as it is compared. */
const LENGTH = { min: 3, max: 100 };
/** Checks of one account. By time, never for good. */
const CHECKS = { limit: 5, window: 3600 };
/** Forms of one account whose answers are hashed: each may cost ten hashes. */
const CHANGES = { limit: 10, window: 3600 };
/** Fields of a form: `question_1` says to which question `answer_1` is. */
const FIELDS = Array.from({ length: 10 }, (_, index) => ({ question: `question_${index + 1}`, answer: `answer_${index + 1}` }));

/** What a form of answers never shows again. */
export const answerFields: string[] = FIELDS.map(({ answer }) => answer);

export type Question = { id: string; text: string };
export type TypedAnswer = { question: string; answer: string; field: string };
export type AnswerProblem = { /** absent: of the whole form */ field?: string; code: string; params?: Record<string, number> };

type WithQuestions = Pick<Realm, 'questions' | 'languages'>;

/** The questions of a realm, in somebody's language. */
export function questionsFor({ questions, languages }: WithQuestions, language: string): Question[] {
  return (questions?.choices ?? []).map(({ id, text }) => ({ id, text: text[language] ?? text[languages[0] ?? ''] ?? Object.values(text)[0] ?? id }));
}

/** What a form of answers brings; what was left empty is not in it. */
export function typedAnswers(fields: Record<string, string>): TypedAnswer[] {
  return FIELDS.map(({ question, answer }) => ({ question: fields[question] ?? '', answer: fields[answer] ?? '', field: answer })).filter(({ answer }) => answer.trim() !== '');
}

/** What is compared of an answer: letters and digits, whatever their case, accents, spaces and punctuation. */
export function comparableAnswer(typed: string): string {
  return wordsOf(typed).join('');
}

function wordsOf(text: string): string[] {
  return text.normalize('NFKC').toUpperCase().toLowerCase().normalize('NFD').replace(/\p{M}/gu, '').split(/[^\p{L}\p{N}]+/u).filter(Boolean);
}

/**
 * Judges the answers that somebody wants to set, and hashes them. The commit puts them in the place of all earlier ones, and
 * tells the person by mail.
 * @param db the database itself: a try is taken before anything is hashed
 * @throws TooBusy when too many wait for a hash
 */
export async function setAnswers(db: Db, realm: Realm, change: { accountId: string; answers: TypedAnswer[]; actor: Actor; runId?: string; now: number }): Promise<{ problems: AnswerProblem[] } | { commit: (tx: Db) => Promise<void> }> {
  const { accountId, actor, runId, now } = change;
  const known = (realm.questions?.choices ?? []).flatMap(({ id }) => change.answers.find(({ question }) => question === id) ?? []);
  const problems = problemsOf(realm, known);
  if (problems.length > 0) return { problems };
  const turn = await takeTry(db, `questions-set:${accountId}`, CHANGES, now);
  if (!turn.allowed) return { problems: [{ code: 'questions.wait', params: { minutes: Math.ceil(turn.retryAfter / 60) } }] };
  const rows: { question: string; hash: string; set_at: number }[] = [];
  for (const { question, answer } of known) rows.push({ question, hash: await hashPassword(comparableAnswer(answer), realm.login.argon2), set_at: now });
  return {
    commit: async (tx) => {
      await replaceAnswers(tx, accountId, rows);
      const account = await findAccount(tx, accountId);
      if (account) await tellPerson(tx, realm, account, { message: 'questions_changed', now });
      await appendAudit(tx, {
        event: 'questions.set', action: 'U', outcome: 'success', actor, objectType: 'account', objectId: accountId, ...(runId && { runId }),
        detail: { questions: rows.map(({ question }) => question) }, now,
      });
    },
  };
}

function problemsOf(realm: WithQuestions, typed: TypedAnswer[]): AnswerProblem[] {
  const need = realm.questions?.need ?? 0;
  const problems = typed.flatMap(({ question, answer, field }, index): AnswerProblem[] => {
    const plain = comparableAnswer(answer);
    const length = [...plain].length;
    if (length < LENGTH.min) return [{ field, code: 'questions.short', params: { min: LENGTH.min } }];
    if (length > LENGTH.max) return [{ field, code: 'questions.long', params: { max: LENGTH.max } }];
    if (isOfQuestion(realm, question, answer)) return [{ field, code: 'questions.words' }];
    return typed.slice(0, index).some((other) => comparableAnswer(other.answer) === plain) ? [{ field, code: 'questions.same' }] : [];
  });
  if (problems.length > 0 || typed.length >= need) return problems;
  const first = FIELDS.find(({ answer }) => !typed.some(({ field }) => field === answer));
  return [{ field: first?.answer ?? 'answer_1', code: 'questions.required', params: { need, missing: need - typed.length } }];
}

/** An answer that the question gives away itself, in whatever language. */
function isOfQuestion({ questions }: WithQuestions, id: string, answer: string): boolean {
  const said = new Set(Object.values(questions?.choices.find((one) => one.id === id)?.text ?? {}).flatMap(wordsOf));
  return wordsOf(answer).every((word) => said.has(word));
}

/** The questions that somebody answered, in no order that a caller could know. */
export async function answeredQuestions(db: Db, realm: WithQuestions, accountId: string, language: string): Promise<Question[]> {
  const set = new Set((await listAnswers(db, accountId)).map(({ question }) => question));
  const asked = questionsFor(realm, language).filter(({ id }) => set.has(id));
  for (let last = asked.length - 1; last > 0; last -= 1) {
    const other = randomInt(last + 1);
    [asked[last], asked[other]] = [asked[other]!, asked[last]!];
  }
  return asked;
}

/**
 * Checks what a caller answered, for the service desk. The try is taken before the answer is looked at: give it the database
 * itself. Every check is in the audit trail, the answer is not.
 * @throws DomainError questions.desk (somebody else asks), questions.none, questions.unknown, questions.wait; TooBusy
 */
export async function checkAnswer(db: Db, check: { accountId: string; question: string; answer: string; actor: Actor; now: number }): Promise<boolean> {
  const { accountId, question, answer, actor, now } = check;
  if (actor.kind !== 'desk') throw new DomainError('questions.desk');
  const answers = await listAnswers(db, accountId);
  if (answers.length === 0) throw new DomainError('questions.none');
  const hash = answers.find((one) => one.question === question)?.hash;
  if (hash === undefined) throw new DomainError('questions.unknown');
  const turn = await takeTry(db, `questions:${accountId}`, CHECKS, now);
  const right = turn.allowed && await verifyHash(hash, comparableAnswer(answer));
  await appendAudit(db, {
    event: 'questions.checked', action: 'E', outcome: right ? 'success' : 'refused', ...(!right && { reason: turn.allowed ? 'questions.wrong' : 'questions.wait' }),
    actor, objectType: 'account', objectId: accountId, detail: { question }, now,
  });
  if (!turn.allowed) throw new DomainError('questions.wait', { minutes: Math.ceil(turn.retryAfter / 60) });
  return right;
}
