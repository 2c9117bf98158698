import { recordAgreement, withdrawAgreement } from '../domain/organisations.ts';
import { realmOption, UsageError, type Command } from './command.ts';
import { withRealm } from './context.ts';
import { organisationOf } from './find.ts';
import { sessionsText } from './membership.ts';

const record: Command = {
  name: 'agreement record',
  summary: 'record that an organisation returned an agreement signed',
  options: {
    ...realmOption,
    organisation: { type: 'string', required: true, value: 'ID|TYPE:NUMBER', help: 'the organisation' },
    agreement: { type: 'string', required: true, value: 'ID', help: 'the agreement' },
    'signed-at': { type: 'string', value: 'YYYY-MM-DD', help: 'the date on it (today)' },
  },
  run: (args, io) => withRealm(args, io, async ({ database, realm, actor, now }) => {
    const organisation = await organisationOf(database.db, args.need('organisation'));
    const agreement = args.need('agreement');
    const date = args.get('signed-at');
    const signedAt = date === undefined ? now : dayOf(date);
    const invited = await database.transaction((tx) => recordAgreement(tx, { realm, organisationId: organisation.id, agreement, signedAt, actor, now }));
    return { data: { organisation: organisation.id, agreement, signed_at: signedAt, invited }, text: [`${organisation.name}: ${agreement} is recorded as signed`, ...invited.map((account) => `${account}, an administrator without a password, is invited by mail`)].join('\n') };
  }),
};

const withdraw: Command = {
  name: 'agreement withdraw',
  summary: 'take back that an organisation signed: nobody of it comes in any more, who is in goes out at once',
  options: {
    ...realmOption,
    organisation: { type: 'string', required: true, value: 'ID|TYPE:NUMBER', help: 'the organisation' },
    agreement: { type: 'string', required: true, value: 'ID', help: 'the agreement' },
  },
  run: (args, io) => withRealm(args, io, async ({ database, actor, now }) => {
    const organisation = await organisationOf(database.db, args.need('organisation'));
    const agreement = args.need('agreement');
    const sessions = await database.transaction((tx) => withdrawAgreement(tx, { organisationId: organisation.id, agreement, actor, now }));
    return { data: { organisation: organisation.id, agreement, sessions_ended: sessions }, text: `${organisation.name}: ${agreement} is no longer recorded; ${sessionsText(sessions)}` };
  }),
};

function dayOf(text: string): number {
  const at = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : NaN;
  // the parser turns 30 February into 2 March
  if (Number.isNaN(at) || !new Date(at).toISOString().startsWith(text)) throw new UsageError(`--signed-at ${text}: expected a date as 2026-12-31`);
  return at / 1000;
}

export const agreementCommands: Command[] = [record, withdraw];
