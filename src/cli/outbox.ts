import { appendAudit } from '../store/audit.ts';
import { listOutbox, retryMessage, type OutboxFilter } from '../store/outbox.ts';
import { limitOf } from './audit.ts';
import { realmOption, Refusal, table, time, UsageError, type Args, type Command } from './command.ts';
import { withRealm } from './context.ts';

const channels = ['mail', 'sms', 'voice', 'letter', 'logout'] as const;

const list: Command = {
  name: 'outbox list',
  summary: 'the newest messages and what became of them (not what is in them)',
  options: {
    ...realmOption,
    to: { type: 'string', value: 'ADDRESS', help: 'only to this address or number' },
    channel: { type: 'string', value: channels.join('|'), help: 'only of this kind' },
    limit: { type: 'string', value: 'N', help: 'at most so many (50)' },
  },
  run: (args, io) => withRealm(args, io, async ({ database: { db } }) => {
    const messages = (await listOutbox(db, filterOf(args))).map(({ id, channel, recipient, subject, state, attempts, next_at, error, created_at, sent_at }) => (
      { id, channel, recipient, subject, state, attempts, next_at, error, created_at, sent_at }));
    const rows = messages.map((one) => [one.id, time(one.created_at), one.channel, one.recipient, one.state, one.attempts, one.error]);
    return { data: messages, text: table([['id', 'at', 'channel', 'to', 'state', 'tries', 'error'], ...rows]) };
  }),
};

const retry: Command = {
  name: 'outbox retry',
  summary: 'send a message again that was given up',
  options: { ...realmOption, id: { type: 'string', required: true, value: 'ID', help: 'the message' } },
  run: (args, io) => withRealm(args, io, async ({ database, actor, now }) => {
    const id = args.need('id');
    await database.transaction(async (tx) => {
      if (!await retryMessage(tx, id, now)) throw new Refusal('outbox.not_failed', 'there is no message with this id that was given up');
      await appendAudit(tx, { event: 'outbox.retried', action: 'U', outcome: 'success', actor, objectType: 'message', objectId: id, now });
    });
    return { data: { id, state: 'waiting' }, text: `${id} will be sent again` };
  }),
};

function filterOf(args: Args): OutboxFilter {
  const [to, typed] = [args.get('to'), args.get('channel')];
  const channel = channels.find((one) => one === typed);
  if (typed !== undefined && !channel) throw new UsageError(`--channel is one of ${channels.join(', ')}`);
  return { limit: limitOf(args, 50), ...(to !== undefined && { to }), ...(channel && { channel }) };
}

export const outboxCommands: Command[] = [list, retry];
