import { answeredQuestions, checkAnswer } from '../domain/questions.ts';
import { realmOption, Refusal, type Args, type Command, type Io, type Result, UsageError } from './command.ts';
import { withRealm } from './context.ts';
import { accountOf } from './find.ts';

export const checkCallerCommand: Command = {
  name: 'user check-caller',
  summary: 'ask somebody who calls one of their secret questions, and check the answer; at most 5 an hour',
  options: {
    ...realmOption,
    user: { type: 'string', required: true, value: 'WHO', help: 'account id, e-mail address or name' },
    question: { type: 'string', value: 'ID', help: 'the question that was asked; without it one is chosen and printed' },
    answer: { type: 'string', value: 'TEXT', help: 'what the caller answered; with --question and without this it is read from standard input' },
    language: { type: 'string', value: 'nl|en', help: 'language of the question; the caller\'s own when not given' },
  },
  run: (args, io) => {
    if (args.has('answer') && !args.has('question')) throw new UsageError('--answer needs --question: which one was asked');
    return withRealm(args, io, async ({ database: { db }, realm, actor, now }) => {
      const account = await accountOf(db, args.need('user'));
      const language = args.get('language') ?? account.language ?? realm.languages[0] ?? 'nl';
      const asked = await answeredQuestions(db, realm, account.id, language);
      const question = asked.find(({ id }) => id === (args.get('question') ?? id));
      if (!asked[0]) throw new Refusal('questions.none', 'this person has not answered any secret question');
      if (!question) throw new Refusal('questions.unknown', `this person answered ${asked.map(({ id }) => id).toSorted().join(', ')}`);
      if (!args.has('question')) return { data: { account: account.id, question: question.id, text: question.text }, text: `ask: ${question.text}\nthen: --question ${question.id}, and type the answer` };
      return judged(await checkAnswer(db, { accountId: account.id, question: question.id, answer: await answerOf(args, io), actor, now }), account.id, question.id);
    });
  },
};

/** Not on the command line it stays out of the history of the shell. */
async function answerOf(args: Args, io: Io): Promise<string> {
  return args.get('answer') ?? await io.read?.() ?? '';
}

function judged(right: boolean, account: string, question: string): Result {
  return { data: { account, question, right }, text: right ? 'right: this is who they say' : 'wrong', refused: !right };
}
