import { join } from 'node:path';
import type { System } from '../config/schema.ts';
import type { Message } from '../store/outbox.ts';
import type { Db } from '../store/schema.ts';
import { createGatewaySender } from './gateway.ts';
import { createLetterSender } from './letters.ts';
import { createSmtpSender } from './smtp.ts';

/** Hands one message over. @throws when it was not taken; it is tried again then, unless the error is `final: true` */
export type Sender = (message: Message) => Promise<void>;

/** Who takes which channel. */
export type Senders = { [Channel in Message['channel']]?: Sender } & {
  close?: () => void;
  /** Told of a message that was sent or (with `error`) given up, in the transaction that marks it so. */
  settled?: (tx: Db, message: Message, error?: string) => Promise<void>;
};

/**
 * Senders as configured: mail by SMTP, SMS and voice by the gateway. In demo mode what has no sender counts as sent,
 * and is read in the demo outbox.
 */
export function createSenders({ demo, mail, gateway }: Pick<System, 'demo' | 'mail' | 'gateway'>): Senders {
  const pretend: Senders = demo ? { mail: async () => undefined, sms: async () => undefined, voice: async () => undefined, letter: async () => undefined } : {};
  const smtp = mail && createSmtpSender(mail);
  const phone = gateway && createGatewaySender(gateway);
  return { ...pretend, ...(smtp && { mail: smtp.send, close: smtp.close }), ...(phone && { sms: phone, voice: phone }) };
}

/** Who takes the letters of one realm: its folder below the configured one. Nobody when none is configured. */
export function lettersOf({ letters }: Pick<System, 'letters'>, realmId: string): Pick<Senders, 'letter'> {
  return letters ? { letter: createLetterSender(join(letters.folder, realmId)) } : {};
}
