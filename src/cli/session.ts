import { displayName } from '../domain/names.ts';
import { endsAt, endSession, type Ending } from '../domain/sessions.ts';
import { throwOut } from '../domain/throw-out.ts';
import { findAccount } from '../store/accounts.ts';
import { findOrganisation } from '../store/organisations.ts';
import { listSessionClients, listSessions } from '../store/sessions.ts';
import { realmOption, Refusal, table, time, UsageError, type Command, type Option } from './command.ts';
import { withRealm } from './context.ts';
import { accountOf, organisationOf } from './find.ts';

const user: Option = { type: 'string', value: 'WHO', help: 'of this person: account id, e-mail address or name' };

const list: Command = {
  name: 'session list',
  summary: 'who is logged in, since when and until when, and at which clients; the newest first',
  options: { ...realmOption, user, organisation: { type: 'string', value: 'ID|TYPE:NUMBER', help: 'for this organisation' } },
  run: (args, io) => withRealm(args, io, async ({ realm, database: { db }, now }) => {
    const [who, organisation] = [args.get('user'), args.get('organisation')];
    const rows = await listSessions(db, {
      ...(who !== undefined && { accountId: (await accountOf(db, who)).id }),
      ...(organisation !== undefined && { organisationId: (await organisationOf(db, organisation)).id }),
    });
    const sessions = [];
    for (const session of rows.filter((one) => endsAt(realm, one) > now)) {
      const account = await findAccount(db, session.account_id);
      sessions.push({
        id: session.id, account: session.account_id, name: account ? displayName(account) : null,
        organisation: session.organisation_id && ((await findOrganisation(db, session.organisation_id))?.name ?? null),
        created_at: session.created_at, last_active_at: session.last_active_at, ends_at: endsAt(realm, session),
        clients: (await listSessionClients(db, session.id)).map(({ client_id, sid }) => ({ client_id, sid })),
      });
    }
    const lines = sessions.map((one) => [one.id, one.name ?? one.account, one.organisation, time(one.created_at), time(one.last_active_at), time(one.ends_at), one.clients.map(({ client_id }) => client_id).join(' ')]);
    return { data: sessions, text: table([['session', 'who', 'organisation', 'began', 'active', 'ends', 'clients'], ...lines]) };
  }),
};

const end: Command = {
  name: 'session end',
  summary: 'end a session, or all of a person: tokens stop working at once, clients are told',
  options: { ...realmOption, session: { type: 'string', value: 'ID', help: 'this session' }, user },
  run: (args, io) => withRealm(args, io, async ({ database, actor, now }) => {
    const [id, who] = [args.get('session'), args.get('user')];
    if ((id === undefined) === (who === undefined)) throw new UsageError('give --session or --user');
    const ending: Ending = { reason: 'revoked', actor, now };
    const accountId = who === undefined ? undefined : (await accountOf(database.db, who)).id;
    const ended = await database.transaction(async (tx) => (accountId === undefined ? Number(await endSession(tx, id ?? '', ending)) : throwOut(tx, accountId, ending)));
    if (id !== undefined && ended === 0) throw new Refusal('session.unknown', `there is no session ${id}`);
    return { data: { ended }, text: `${ended} session${ended === 1 ? '' : 's'} ended` };
  }),
};

export const sessionCommands: Command[] = [list, end];
