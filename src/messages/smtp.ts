import { createTransport } from 'nodemailer';
import type { System } from '../config/schema.ts';
import type { Sender } from './senders.ts';

/** Milliseconds. Together well under the time after which the outbox gives a message to another worker. */
const TIMEOUTS = { connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 30_000 };

/** Mail by SMTP (`smtp://` or `smtps://`, user and password in the URL), as text with HTML beside it. */
export function createSmtpSender({ smtp_url, from }: NonNullable<System['mail']>): { send: Sender; close: () => void } {
  const transport = createTransport({
    url: smtp_url, pool: true, maxConnections: 3, ...TIMEOUTS, disableFileAccess: true, disableUrlAccess: true,
  });
  const domain = /@([^\s>]+)/.exec(from)?.[1] ?? 'localhost';
  return {
    send: async ({ id, recipient, subject, text, html }) => {
      await transport.sendMail({
        from, subject, text, ...(html !== null && { html }),
        // as an object it is one address, whatever it holds
        to: { name: '', address: recipient },
        // the same at a second attempt, so that a reader's mail program can tell a double
        messageId: `<${id}@${domain}>`,
        headers: { 'Auto-Submitted': 'auto-generated' },
      });
    },
    close: () => transport.close(),
  };
}
