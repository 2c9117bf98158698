import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { desk, emptyDatabase, exampleRealm, noon, organisationWith } from '../../test/support/house.ts';
import { fastHash, localAccount } from '../../test/support/local.ts';
import type { Realm } from '../config/schema.ts';
import { listAudit, type Actor } from '../store/audit.ts';
import { listAnswers } from '../store/answers.ts';
import type { Database } from '../store/database.ts';
import { listOutbox } from '../store/outbox.ts';
import { answeredQuestions, checkAnswer, comparableAnswer, questionsFor, setAnswers, typedAnswers } from './questions.ts';

const choices = [
  { id: 'street', text: { nl: 'In welke straat woonde u?', en: 'In which street did you live?' } },
  { id: 'pet', text: { nl: 'Hoe heette uw huisdier?', en: 'What was your pet called?' } },
  { id: 'book', text: { nl: 'Welk boek las u het liefst?' } },
];
const example = exampleRealm();
const realm: Realm = { ...example, questions: { choices, need: 2 }, login: { ...example.login, argon2: fastHash } };
const anna: Actor = { kind: 'person', id: 'anna' };
let database: Database;

beforeEach(async () => {
  database = await emptyDatabase();
  await localAccount(database, realm, 'anna', await organisationWith(database, realm, '10000001'));
});
afterEach(() => database.close());

const typed = (answers: Record<string, string>) => Object.entries(answers).map(([question, answer], index) => ({ question, answer, field: `answer_${index + 1}` }));
const judge = (answers: Record<string, string>) => setAnswers(database.db, realm, { accountId: 'anna', answers: typed(answers), actor: anna, now: noon });
const codes = async (answers: Record<string, string>) => {
  const judged = await judge(answers);
  return 'problems' in judged ? judged.problems.map(({ field, code }) => [field, code]) : [];
};
async function set(answers: Record<string, string>): Promise<void> {
  const judged = await judge(answers);
  if ('problems' in judged) throw new Error(JSON.stringify(judged.problems));
  await database.transaction(judged.commit);
}
const check = (question: string, answer: string, now = noon) => checkAnswer(database.db, { accountId: 'anna', question, answer, actor: desk, now });

describe('CAK-7 setting answers', () => {
  test('the questions in a language, and in the realm\'s first where that is missing', () => {
    expect(questionsFor(realm, 'en').map(({ text }) => text)).toEqual(['In which street did you live?', 'What was your pet called?', 'Welk boek las u het liefst?']);
    expect(questionsFor(exampleRealm(), 'nl')).toEqual([]);
  });

  test('what a form brings: pairs of question and answer, without what was left empty', () => {
    expect(typedAnswers({ question_1: 'street', answer_1: 'Dorpsstraat', question_2: 'pet', answer_2: ' ', answer_3: 'x' }))
      .toEqual([{ question: 'street', answer: 'Dorpsstraat', field: 'answer_1' }, { question: '', answer: 'x', field: 'answer_3' }]);
  });

  test('at most ten forms an hour are hashed, also at once; a form with a slip costs none', async () => {
    for (let n = 0; n < 20; n += 1) expect(await codes({ street: 'x', pet: 'Snuf' })).toEqual([['answer_1', 'questions.short']]);
    const judged = await Promise.all(Array.from({ length: 15 }, () => codes({ street: 'Dorpsstraat 12', pet: 'Snuf' })));
    expect(judged.filter((found) => found.length === 0)).toHaveLength(10);
    expect(judged.flat()).toEqual(Array.from({ length: 5 }, () => [undefined, 'questions.wait']));
  });

  test('they are kept as hashes, in place of earlier ones; the person is told, the trail names questions only', async () => {
    await set({ street: 'Dorpsstraat 12', pet: 'Snuf' });
    await set({ book: 'Ronja', pet: 'Snuf' });
    const rows = await listAnswers(database.db, 'anna');
    expect(rows.map(({ question, hash }) => [question, hash.slice(0, 9)])).toEqual([['book', '$argon2id'], ['pet', '$argon2id']]);
    expect((await listOutbox(database.db)).map(({ recipient, subject }) => [recipient, subject])[0]).toEqual(['anna@zorg.example', 'Uw geheime vragen zijn gewijzigd']);
    const trail = await listAudit(database.db, { event: 'questions.set' });
    expect(trail[0]).toMatchObject({ object_id: 'anna', detail: { questions: ['pet', 'book'] } });
    expect(JSON.stringify([trail, rows])).not.toMatch(/Ronja|ronja|Snuf|snuf/);
  });

  test.each([
    ['too few', { street: 'Dorpsstraat' }, [['answer_2', 'questions.required']]],
    ['none', {}, [['answer_1', 'questions.required']]],
    ['too short as it is compared', { street: 'Dorpsstraat', pet: 'a - b' }, [['answer_2', 'questions.short']]],
    ['only marks', { street: '\u202e\u0000...!', pet: 'Snuf' }, [['answer_1', 'questions.short']]],
    ['huge', { street: 'x'.repeat(101), pet: 'Snuf' }, [['answer_1', 'questions.long']]],
    ['the same twice', { street: 'José', pet: ' JOSE ' }, [['answer_2', 'questions.same']]],
    ['words of the question, in any language', { street: 'Straat woonde', pet: 'pet' }, [['answer_1', 'questions.words'], ['answer_2', 'questions.words']]],
    ['a question that is not there', { street: 'Dorpsstraat', colour: 'Blauw' }, [['answer_2', 'questions.required']]],
  ])('%s', async (_, answers, expected) => {
    expect(await codes(answers)).toEqual(expected);
  });
});

describe('CAK-7 a caller is checked', () => {
  beforeEach(() => set({ street: 'Van \'t Hoffstraat 12', pet: 'Åström' }));

  test.each(['van t hoff straat 12', 'VAN ’T HOFFSTRAAT-12', 'Van\u00a0\'t Ｈoffstraat 12'])('%j is the same answer', async (answer) => {
    expect(comparableAnswer(answer)).toBe('vanthoffstraat12');
    expect(await check('street', answer)).toBe(true);
    expect(await check('pet', 'astrom')).toBe(true);
  });

  test('each check is in the trail, right or wrong, without the answer', async () => {
    await check('street', 'Kerkstraat');
    await check('pet', 'Astrom');
    const rows = await listAudit(database.db, { event: 'questions.checked' });
    expect(rows.map(({ outcome, reason, object_id, detail }) => [outcome, reason, object_id, detail])).toEqual([
      ['success', null, 'anna', { question: 'pet' }], ['refused', 'questions.wrong', 'anna', { question: 'street' }],
    ]);
    expect(JSON.stringify(rows)).toContain('"kind":"desk"');
    expect(JSON.stringify(rows)).not.toMatch(/kerk|astr/i);
  });

  test('fifty at once count as fifty: five are looked at; later it goes on', async () => {
    const all = await Promise.allSettled(Array.from({ length: 50 }, () => check('pet', 'wrong')));
    expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(5);
    await expect(check('pet', 'Åström')).rejects.toMatchObject({ code: 'questions.wait', params: { minutes: 60 } });
    expect(await listAudit(database.db, { event: 'questions.checked', limit: 100 })).toHaveLength(51);
    expect(await check('pet', 'Åström', noon + 3600)).toBe(true);
  });

  test('by the service desk only, and only what was answered', async () => {
    await expect(checkAnswer(database.db, { accountId: 'anna', question: 'pet', answer: 'Åström', actor: anna, now: noon })).rejects.toMatchObject({ code: 'questions.desk' });
    await expect(check('book', 'Ronja')).rejects.toMatchObject({ code: 'questions.unknown' });
    await expect(checkAnswer(database.db, { accountId: 'nobody', question: 'pet', answer: 'x', actor: desk, now: noon })).rejects.toMatchObject({ code: 'questions.none' });
    expect((await answeredQuestions(database.db, realm, 'anna', 'nl')).map(({ id }) => id).toSorted()).toEqual(['pet', 'street']);
  });
});
