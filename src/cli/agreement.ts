import { recordAgreement } from '../domain/organisations.ts';
import { realmOption, UsageError, type Command } from './command.ts';
import { withRealm } from './context.ts';
import { organisationOf } from './find.ts';

export const recordCommand: Command = {
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
    await database.transaction((tx) => recordAgreement(tx, { realm, organisationId: organisation.id, agreement, signedAt, actor, now }));
    return { data: { organisation: organisation.id, agreement, signed_at: signedAt }, text: `${organisation.name}: ${agreement} is recorded as signed` };
  }),
};

function dayOf(text: string): number {
  const at = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : NaN;
  // the parser turns 30 February into 2 March
  if (Number.isNaN(at) || !new Date(at).toISOString().startsWith(text)) throw new UsageError(`--signed-at ${text}: expected a date as 2026-12-31`);
  return at / 1000;
}
