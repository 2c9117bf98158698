import { issueActivation, type ActivationChannel, type ActivationStatus } from '../domain/activation.ts';
import type { Db } from '../store/schema.ts';
import { time, UsageError, type Args, type Option } from './command.ts';
import type { Context } from './context.ts';

/** What is asked of every command that sends an activation code. */
export const sendingOptions: Record<string, Option> = {
  address: { type: 'string', multiple: true, value: 'LINE', help: 'a line of the postal address of a letter; it is kept in the letter only' },
  show: { type: 'boolean', help: 'print the activation code too: never give it together with the password' },
};

/** The lines of the address of a letter. @throws UsageError for a letter without one, and one without a letter */
export function addressFor(channel: ActivationChannel | undefined, args: Args): string[] {
  const lines = args.all('address');
  if (channel === 'letter' && lines.length === 0) throw new UsageError('a letter needs --address, once for each line below the name');
  if (channel !== 'letter' && lines.length > 0) throw new UsageError('--address is for a letter');
  return lines;
}

/** Sends an activation code. The code itself is in the answer only when `--show` asks it. @throws UsageError, DomainError of issueActivation */
export async function sendActivation(tx: Db, { realm, actor, now }: Pick<Context, 'realm' | 'actor' | 'now'>, args: Args, { accountId, channel }: { accountId: string; channel: ActivationChannel }) {
  const { code, expiresAt, reference } = await issueActivation(tx, { realm, accountId, channel, address: addressFor(channel, args), actor, now });
  const shown = args.flag('show') ? [`activation code ${code}`] : [];
  return {
    data: { channel, reference, expires_at: expiresAt, ...(args.flag('show') && { code }) },
    text: [`activation code ${reference} goes by ${channel}, valid until ${time(expiresAt)}`, ...shown].join('\n'),
  };
}

/** How far somebody is with activating, in one line. */
export function activationLine({ state, code, message }: ActivationStatus): string {
  if (state === 'activated' || !code) return state === 'none' ? 'waits for an activation code, and none was sent (sluis code issue --activation)' : 'activated';
  const sent = `${code.reference}, by ${code.channel} of ${time(code.sentAt)}`;
  const went = message && { waiting: 'not sent yet', sending: 'being sent', sent: 'sent', failed: `could not be delivered: ${message.error ?? 'unknown'}, sluis outbox retry --id ${message.id}` }[message.state];
  const noted = message?.state === 'waiting' && message.error !== null ? `${went}: ${message.error}` : went;
  const words = {
    waiting: `waits for the activation code ${sent}: valid until ${time(code.expiresAt)}, ${code.triesLeft} tries left`,
    expired: `waits for an activation code: ${sent} expired on ${time(code.expiresAt)} (sluis code issue --activation)`,
    dead: `waits for an activation code: ${sent} was tried too often (sluis code issue --activation)`,
  }[state === 'none' ? 'dead' : state];
  return noted === undefined ? words : `${words}; ${noted}`;
}
